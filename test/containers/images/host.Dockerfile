# A SAN server or a client: Debian with systemd, sshd, vblade and aoetools. busybox stands by for hosts that have nothing else.
ARG RELEASE=bookworm
FROM debian:${RELEASE}-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      systemd systemd-sysv openssh-server vblade aoetools busybox iproute2 kmod util-linux e2fsprogs fdisk procps \
 && rm -rf /var/lib/apt/lists/* \
 && systemctl mask systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket getty.target \
      systemd-logind.service systemd-modules-load.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
      fstrim.timer dpkg-db-backup.timer e2scrub_reap.service systemd-networkd-wait-online.service \
 && systemctl enable ssh.service \
 && systemd-machine-id-setup
EXPOSE 22
# Under cgroup v2 an unprivileged container sees its cgroups read-only; systemd has to write them.
CMD ["/bin/sh", "-c", "mount -o remount,rw /sys/fs/cgroup 2>/dev/null; exec /sbin/init"]
