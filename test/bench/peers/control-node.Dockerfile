# Where Ansible and plain ssh run.
ARG RELEASE=bookworm
FROM debian:${RELEASE}-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ansible-core openssh-client \
 && rm -rf /var/lib/apt/lists/*
