#!/bin/sh
# Puts what a small domain boots from into a dom0's /var/lib/xen-lab: Debian's kernel, an initramfs of busybox that counts,
# and an ext4 image to copy as its disk.
# Arguments: ROOT KERNEL_RELEASE
set -eu
root=$1 release=$2
here=$(dirname "$0")
place=$root/var/lib/xen-lab
tree=$root/guest
mkdir -p "$place" "$tree/bin" "$tree/sbin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/mnt" "$tree/lib/modules"
cp "$root/bin/busybox" "$tree/bin/busybox"
install -m 755 "$here/guest-init" "$tree/init"
install -m 755 "$here/guest-poweroff" "$tree/sbin/poweroff"
install -m 755 "$here/guest-poweroff" "$tree/sbin/reboot"
# ext4 requests crc32c at run time only, so no dependency names it.
for module in crc32c_generic xen-blkfront ext4; do
	chroot "$root" modprobe -S "$release" --show-depends "$module"
done | while read -r verb file _; do
	name=${file##*/}
	if [ "$verb" = insmod ] && [ ! -e "$tree/lib/modules/$name" ]; then
		cp "$root$file" "$tree/lib/modules/"
		echo "$name" >>"$tree/lib/modules/order"
	fi
done
chroot "$root" sh -c 'cd /guest && find . | busybox cpio -o -H newc 2>/dev/null | gzip -9' >"$place/initrd.img"
rm -rf "$tree"
cp "$root/boot/vmlinuz-$release" "$place/vmlinuz"
truncate -s 32M "$place/vm-template.img"
mkfs.ext4 -q -F -L guest "$place/vm-template.img"
# Domains may boot from these by default.
cp "$place/vmlinuz" "$root/boot/vmlinuz-guest"
cp "$place/initrd.img" "$root/boot/initrd.img-guest"
