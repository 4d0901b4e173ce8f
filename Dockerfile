# The operator's image. It is made of what `npm ci` installed, so that building it needs no registry:
#
#   npm ci && docker build -t xensan:0.1.0 .
#
# Build it on Linux with the image's architecture: the Node that runs in it is the npm package `node`.
# A release names the base by its digest.
ARG BASE=debian:bookworm-slim
# Only what the operator's entry point reaches: no simulated rack, no control plane, no command for people.
FROM $BASE AS bundled
WORKDIR /build
COPY package.json tsconfig.json ./
COPY node_modules node_modules
COPY image image
COPY src src
RUN cp -L node_modules/.bin/node node && ./node image/bundle.ts dist/operator

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
RUN printf '#!/bin/sh\nexec node --max-semi-space-size=4 --max-old-space-size-percentage=70 /app/dist/operator/operator.js "$@"\n' >/usr/local/bin/xensan && chmod 755 /usr/local/bin/xensan
COPY --from=bundled /build/node /usr/local/bin/node
COPY --from=bundled /build/package.json ./
COPY --from=bundled /build/dist dist
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/xensan"]
CMD ["run"]
