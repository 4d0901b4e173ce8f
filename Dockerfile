# The operator's image. It is made of what `npm ci` installed, so that building it needs no registry:
#
#   npm ci && docker build -t xensan:0.1.0 .
#
# Build it on Linux with the image's architecture: the Node that runs in it is the npm package `node`.
# A release names the base by its digest.
ARG BASE=debian:bookworm-slim
FROM $BASE AS installed
WORKDIR /build
COPY package.json package-lock.json ./
COPY node_modules node_modules

# Only what the operator's entry point reaches: no simulated rack, no control plane, no command for people.
FROM installed AS compiled
COPY tsconfig.json tsconfig.build.json tsconfig.image.json ./
COPY src src
RUN node_modules/.bin/node node_modules/typescript/bin/tsc -p tsconfig.image.json
# What is no TypeScript: the scripts for the hosts.
RUN cd src && find host ssh -type f ! -name '*.ts' -exec cp --parents '{}' ../dist/ ';'

# And only the packages that it imports, with what they need.
FROM installed AS production
COPY image image
COPY --from=compiled /build/dist dist
RUN cp -L node_modules/.bin/node node && ./node image/production-modules.mjs dist node_modules && \
  find node_modules -type f '(' -name '*.map' -o -name '*.d.ts' ')' -delete

FROM $BASE
ARG VERSION=development
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title=xensan \
  org.opencontainers.image.description="A Kubernetes operator for Xen dom0s on an ATA-over-Ethernet SAN" \
  org.opencontainers.image.licenses=Apache-2.0 \
  org.opencontainers.image.version=$VERSION \
  org.opencontainers.image.revision=$REVISION \
  org.opencontainers.image.created=$CREATED \
  org.opencontainers.image.source=$SOURCE
WORKDIR /app
# A reconcile leaves little behind: young objects need no more room, and the whole takes a third less memory. The heap may take
# what the container's limit leaves beside code and buffers.
RUN printf '#!/bin/sh\nexec node --max-semi-space-size=4 --max-old-space-size-percentage=70 /app/dist/cli/operator.js "$@"\n' >/usr/local/bin/xensan && chmod 755 /usr/local/bin/xensan
COPY --from=production /build/node /usr/local/bin/node
COPY --from=production /build/package.json ./
COPY --from=production /build/node_modules node_modules
COPY --from=compiled /build/dist dist
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/xensan"]
CMD ["run"]
