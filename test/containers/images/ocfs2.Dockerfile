# A node of a cluster as far as it goes without its kernel: ocfs2-tools, and the makers of everything that must not be formatted.
ARG RELEASE=bookworm
FROM xensan-test-host:${RELEASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ocfs2-tools lvm2 cryptsetup-bin psmisc \
 && rm -rf /var/lib/apt/lists/*
