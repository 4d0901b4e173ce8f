#!/bin/sh
# Ensures that a logical volume exists inside the bounds and has at least a size. Never shrinks. A new one
# begins and ends with a MiB of zeroes.
# Arguments: OWNER VG LV BYTES GLOB…
# Prints done<TAB>created, done<TAB>grown or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (ToolMissing VolumeGroupMissing BackingOutsideBounds BackingMissing BackingInUse NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: bounds.sh
# include: lvm.sh

owner=$1
group=$2
name=$3
bytes=$4
shift 4
{ have lvs && have lvcreate; } || refuse ToolMissing "the package lvm2 is not installed"
take_lock storage 60
volume_in_bounds "$group" "$name" "$@"

lvm_field vgs vg_free "$group" || refuse VolumeGroupMissing "no volume group $group"
free=$lvm_value
lvm_field vgs vg_extent_size "$group" || refuse VolumeGroupMissing "no volume group $group"
extent=$lvm_value
bytes=$(((bytes + extent - 1) / extent * extent))
if lvm_field lvs lv_size "$group/$name"; then
	size=$lvm_value
	# Not active after a boot without activation: the device has to be there to be exported.
	[ -e "/dev/$group/$name" ] || lvchange -ay "$group/$name" >&2 9>&-
	[ "$size" -lt "$bytes" ] || finish unchanged
	# Served by vblade it may grow, used by the host itself it is not for a volume at all.
	facts_of "/dev/$group/$name" || refuse BackingMissing "/dev/$group/$name does not exist"
	require_free "$group/$name" "$backing_device"
	[ $((bytes - size)) -le "$free" ] || refuse NoSpace "$group/$name needs $((bytes - size)) bytes more and $group has $free free"
	lvextend -L "${bytes}b" "$group/$name" </dev/null >&2 9>&-
	finish grown
fi
[ "$bytes" -le "$free" ] || refuse NoSpace "$group/$name needs $bytes bytes and $group has $free free"
# One command makes volume and owner's tag: there is never one without the other. Signatures that older data left in
# these extents are wiped, or the next probe would see a file system that nobody made.
lvcreate -y -W y -Z y -n "$name" -L "${bytes}b" --addtag "$(owner_tag "$owner")" "$group" </dev/null >&2 9>&-
lvm_field lvs lv_size "$group/$name" || exit 1
# What earlier volumes left at both ends is nobody's any more, and a new volume must count as blank. Whoever dies before this
# leaves one that does not: it is refused, never formatted.
tail_sector=$((lvm_value / 512 - 2048))
[ "$tail_sector" -ge 0 ] || tail_sector=0
for sector in 0 "$tail_sector"; do
	dd if=/dev/zero of="/dev/$group/$name" bs=512 count=2048 seek="$sector" conv=notrunc,fsync >&2 9>&-
done
finish created
