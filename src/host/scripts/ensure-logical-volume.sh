#!/bin/sh
# Ensures that a logical volume exists inside the bounds and has at least a size. Never shrinks, and never makes again what
# was recorded here: a volume that is gone is missing. A new one begins and ends with a MiB of zeroes.
# changes: the logical volume that an AoeVolume declares, and its record in /var/lib/xensan/backings
# undo: delete the AoeVolume with deletionPolicy: Delete
# Arguments: OWNER VG LV BYTES REPLACES GLOB…
#   REPLACES  identity of a recorded volume that a person gave up, - for none
# Prints done<TAB>created, done<TAB>grown or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (ToolMissing VolumeGroupMissing BackingOutsideBounds BackingMissing BackingChanged
# BackingInUse NoSpace ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: lvm.sh
# include: records.sh

owner=$1
group=$2
name=$3
bytes=$4
replaces=$5
shift 5
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
	identity=$(backing_identity_of "/dev/$group/$name")
	if known_before "$group/$name" "$replaces"; then
		same_backing "$known_identity" "$identity" ||
			refuse BackingChanged "$group/$name is $identity now, recorded was $known_identity"
	elif lvm_field lvs lv_tags "$group/$name"; then
		case ",$lvm_value," in *",$(owner_tag "$owner"),"*) record_volume "$owner" "$group/$name" ;; esac
	fi
	[ "$size" -lt "$bytes" ] || finish unchanged
	# Served by vblade it may grow, used by the host itself it is not for a volume at all.
	facts_of "/dev/$group/$name" || refuse BackingMissing "/dev/$group/$name does not exist"
	require_free "$group/$name" "$backing_device"
	[ $((bytes - size)) -le "$free" ] || refuse NoSpace "$group/$name needs $((bytes - size)) bytes more and $group has $free free"
	lvextend -L "${bytes}b" "$group/$name" </dev/null >&2 9>&-
	finish grown
fi
! known_before "$group/$name" "$replaces" ||
	refuse BackingMissing "$group/$name is not there, and was recorded as $known_identity: nothing is made in its place"
[ "$bytes" -le "$free" ] || refuse NoSpace "$group/$name needs $bytes bytes and $group has $free free"
# One command makes volume and owner's tag: there is never one without the other. Signatures that older data left in
# these extents are wiped, or the next probe would see a file system that nobody made.
forget_replaced "$group/$name" "$replaces"
lvcreate -y -W y -Z y -n "$name" -L "${bytes}b" --addtag "$(owner_tag "$owner")" "$group" </dev/null >&2 9>&-
lvm_field lvs lv_size "$group/$name" || exit 1
# What earlier volumes left at both ends is nobody's any more, and a new volume must count as blank. Whoever dies before this
# leaves one that does not: it is refused, never formatted.
tail_sector=$((lvm_value / 512 - 2048))
[ "$tail_sector" -ge 0 ] || tail_sector=0
for sector in 0 "$tail_sector"; do
	dd if=/dev/zero of="/dev/$group/$name" bs=512 count=2048 seek="$sector" conv=notrunc,fsync >&2 9>&-
done
record_volume "$owner" "$group/$name"
finish created
