#!/bin/bash
# Makes the disk and the boot files of one kind of machine from Debian 12's packages, in a new directory.
# Arguments: server|dom0 OUT PUBLIC_KEY_FILE [APT_SOURCES_FILE…]   (without sources: mmdebstrap's own mirror)
# Leaves in OUT: disk.qcow2, vmlinuz, initrd, packages.txt and, for a dom0, xen.
# What xensan installs is not installed: it lies in an apt repository inside the image (/var/local/apt), since the
# machines have no way out.
set -euo pipefail
kind=$1 out=$2 public_key=$3
shift 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$out/root
mkdir -p "$out"

packages=systemd-sysv,udev,dbus,kmod,iproute2,iputils-ping,openssh-server,linux-image-amd64,initramfs-tools,procps,less
packages+=,e2fsprogs,util-linux,mount,fdisk,tcpdump
[ "$kind" = server ] || packages+=,xen-hypervisor-4.17-amd64,xen-utils-4.17,xenstore-utils,busybox-static
export LAB_OFFERED="vblade aoetools ocfs2-tools lvm2"

mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$packages" \
	--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
	--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
	--essential-hook="$here/initramfs-hook.sh" --customize-hook="$here/offer-hook.sh" \
	bookworm "$root" "$@" </dev/null

rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb
echo 'deb [trusted=yes] file:/var/local/apt ./' >"$root/etc/apt/sources.list"
chroot "$root" apt-get -qq update

install -d -m 700 "$root/root/.ssh"
install -m 600 "$public_key" "$root/root/.ssh/authorized_keys"
printf 'UseDNS no\nMaxStartups 50\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
printf '/dev/vda / ext4 errors=remount-ro,noatime 0 1\n' >"$root/etc/fstab"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
echo bare >"$root/etc/hostname"
: >"$root/etc/machine-id"
# QEMU's DHCP server gives the address that the rack file names; setup makes it static.
printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n' >"$root/etc/systemd/network/90-first-boot.network"
chroot "$root" systemctl -q enable systemd-networkd.service
for unit in systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
	e2scrub_reap.service fstrim.timer dpkg-db-backup.timer systemd-timesyncd.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# The serial console (ttyS0, hvc0 under Xen) logs in as root without a password.
install -d "$root/etc/systemd/system/serial-getty@.service.d"
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %%I vt100\n' \
	>"$root/etc/systemd/system/serial-getty@.service.d/lab.conf"

# A machine of the lab is rebuilt, never repaired, so dpkg need not wait for each file to be on the disk.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"

# The machines boot from files outside the image; building an initramfs would take them minutes.
echo update_initramfs=no >"$root/etc/initramfs-tools/update-initramfs.conf"

release=$(basename "$root"/boot/vmlinuz-*)
release=${release#vmlinuz-}
[ "$kind" = server ] || "$here/guest.sh" "$root" "$release"
cp "$root/boot/vmlinuz-$release" "$out/vmlinuz"
cp "$root/boot/initrd.img-$release" "$out/initrd"
[ "$kind" = server ] || gunzip -c "$root"/boot/xen-4.17-amd64.gz >"$out/xen"
# shellcheck disable=SC2016
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' >"$out/packages.txt"

truncate -s 4G "$out/disk.raw"
mkfs.ext4 -q -F -O '^metadata_csum_seed' -d "$root" "$out/disk.raw"
qemu-img convert -O qcow2 "$out/disk.raw" "$out/disk.qcow2"
rm -rf "$root" "$out/disk.raw"
