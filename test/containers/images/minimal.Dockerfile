# A host on which nothing is prepared: no init system, no ip, no LVM, no vblade.
ARG RELEASE=bookworm
FROM debian:${RELEASE}-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssh-server \
 && mkdir -p /run/sshd
EXPOSE 22
CMD ["/bin/sh", "-c", "mkdir -p /run/sshd; exec /usr/sbin/sshd -D"]
