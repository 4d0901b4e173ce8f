#!/bin/sh
# Ensures that a logical volume exists inside the bounds and has at least the given size. Never shrinks one, and never recreates
# one that was recorded here: a volume that is gone is missing. New extents are filled with zeros before they can be
# served.
# changes: the logical volume that an AoeVolume declares (named NAME.xensan-new until it is filled with zeroes), and its record in /var/lib/xensan/backings
# undo: delete the AoeVolume with deletionPolicy: Delete
# Arguments: OWNER VG LV BYTES REPLACES GLOB…
#   REPLACES  identity of a recorded volume whose replacement a person approved, - for none
# Prints done<TAB>blanking PERCENT% (run it again), created, grown or unchanged.
# Exit codes: 0 done, 3 refused (ToolMissing VolumeGroupMissing BackingOutsideBounds BackingMissing BackingChanged
# BackingInUse LayoutNotLinear NotOurs NoSpace ReadOnlyFileSystem BlankingFailed), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: lvm.sh
# include: records.sh
# include: staged-volume.sh

owner=$1
group=$2
name=$3
bytes=$4
replaces=$5
shift 5
{ have lvs && have lvcreate; } || refuse ToolMissing "the package lvm2 is not installed"
take_lock storage 60
volume_in_bounds "$group" "$name" "$@"

lvm_field vgs vg_extent_size "$group" || refuse VolumeGroupMissing "no volume group $group"
extent=$lvm_value
bytes=$(((bytes + extent - 1) / extent * extent))
if lvm_field lvs lv_size "$group/$name"; then
	size=$lvm_value
	# The last boot may not have activated the volume, and the device must exist to be exported.
	[ -e "/dev/$group/$name" ] || lvchange -ay "$group/$name" >&2 9>&-
	identity=$(backing_identity_of "/dev/$group/$name")
	if known_before "$group/$name" "$replaces"; then
		same_backing "$known_identity" "$identity" ||
			refuse BackingChanged "$group/$name is now $identity, but was recorded as $known_identity"
	elif lvm_field lvs lv_tags "$group/$name"; then
		case ",$lvm_value," in *",$(owner_tag "$owner"),"*) record_volume "$owner" "$group/$name" ;; esac
	fi
	[ "$size" -lt "$bytes" ] || finish unchanged
	# A volume that vblade serves may grow; one that the host itself uses is not for an AoeVolume.
	facts_of "/dev/$group/$name" || refuse BackingMissing "/dev/$group/$name does not exist"
	require_free "$group/$name" "$backing_device"
	layout=$(lvs --noheadings -o segtype "$group/$name" </dev/null 9>&- | sort -u | tr -d ' \n')
	[ "$layout" = linear ] ||
		refuse LayoutNotLinear "$group/$name is ${layout:-of unknown layout}: xensan extends only linear volumes; run lvextend by hand, and xensan serves the new size"
	stage_blank $((bytes - size))
	give_staged
	finish grown
fi
! known_before "$group/$name" "$replaces" ||
	refuse BackingMissing "$group/$name is missing; it was recorded as $known_identity and is not recreated"
stage_blank "$bytes"
forget_replaced "$group/$name" "$replaces"
lvrename "$group" "$staged" "$name" </dev/null >&2 9>&-
lvchange --deltag xensan-blank "$group/$name" >&2 9>&-
record_volume "$owner" "$group/$name"
finish created
