# The 2010 way: no systemd, vblade as a respawn line of /etc/inittab, OCFS2 mounted by a once line.
ARG RELEASE=bookworm
FROM debian:${RELEASE}-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      sysvinit-core openssh-server vblade ocfs2-tools iproute2 util-linux procps kmod \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /run/sshd \
 && printf '%s\n' 'id:2:initdefault:' 'sd:2:respawn:/bin/sh -c "mkdir -p /run/sshd && exec /usr/sbin/sshd -D"' \
      'ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now' > /etc/inittab \
 && echo 0123456789abcdef0123456789abcdef > /etc/machine-id
EXPOSE 22
CMD ["/sbin/init"]
