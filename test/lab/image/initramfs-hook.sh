#!/bin/sh
# mmdebstrap's essential hook: only the drivers of the virtual hardware go into the initramfs.
# Arguments: ROOT
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab"
printf '%s\n' virtio_pci virtio_blk virtio_net ext4 >"$1/etc/initramfs-tools/modules"
