# The operator's image. It is made of what `npm ci` installed, so that building it needs no registry:
#
#   npm ci && docker build -t xensan:0.1.0 .
#
# Build it on Linux with the image's architecture: the Node that runs in it is the npm package `node`.
FROM debian:bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY node_modules node_modules
COPY image image
COPY src src
ENV PATH=/build/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json --declaration false --sourceMap false
RUN cd src && find . -type f ! -name '*.ts' -exec cp --parents '{}' ../dist/ ';'
RUN cp -L node_modules/.bin/node /build/node && node image/production-modules.mjs node_modules

FROM debian:bookworm-slim
WORKDIR /app
COPY --from=build /build/node /usr/local/bin/node
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY crds crds
COPY examples examples
RUN printf '#!/bin/sh\nexec node /app/dist/cli/main.js "$@"\n' >/usr/local/bin/xensan && chmod 755 /usr/local/bin/xensan
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/xensan"]
CMD ["run"]
