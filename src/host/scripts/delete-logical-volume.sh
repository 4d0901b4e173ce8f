#!/bin/sh
# Ensures that a logical volume which ensure-logical-volume created for this owner is gone. Touches no other volume, and
# none in use.
# changes: removes a logical volume that ensure-logical-volume created, and its record in /var/lib/xensan/backings
# undo: not possible
# Arguments: OWNER VG LV GLOB…
# Prints done<TAB>deleted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs StillExported SnapshotsExist BackingInUse BackingOutsideBounds ToolMissing), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: exports.sh
# include: lvm.sh
# include: records.sh
# include: staged-volume.sh

owner=$1
group=$2
name=$3
shift 3
{ have lvs && have lvremove; } || refuse ToolMissing "the package lvm2 is not installed"
take_lock storage 60
volume_in_bounds "$group" "$name" "$@"

lvm_field vgs vg_free "$group" || finish absent
dropped=absent
if read_staged && staged_is_ours; then
	drop_staged
	dropped=deleted
fi
lvm_field lvs lv_tags "$group/$name" || {
	rm -f "$(record_of "$owner" "$group/$name")"
	finish "$dropped"
}
case ",$lvm_value," in
*",$(owner_tag "$owner"),"*) ;;
*) refuse NotOurs "$group/$name was not created for $owner" ;;
esac
if [ -e "/dev/$group/$name" ]; then
	facts_of "/dev/$group/$name" || refuse BackingMissing "/dev/$group/$name vanished"
	! exported_as "$backing_identity" || refuse StillExported "$group/$name is served as $exported_user"
	require_free "$group/$name" "$backing_device"
fi
# lvremove -y also removes the snapshots of a volume; thin ones do not depend on it.
snapshots=$(lvs --noheadings -o lv_attr,lv_name -S "origin=$name" "$group" 2>/dev/null </dev/null 9>&- |
	awk '$1 ~ /^[sS]/ { printf "%s%s", sep, $2; sep = " " }') || exit 1
[ -z "$snapshots" ] || refuse SnapshotsExist "$group/$name has the snapshots $snapshots, which would be deleted with it"
# Without -f: lvremove itself refuses a volume that is open.
lvremove -y -S "lv_tags=$(owner_tag "$owner")" "${group:?}/${name:?}" </dev/null >&2 9>&- || :
! lvm_field lvs lv_size "$group/$name" || refuse BackingInUse "$group/$name still exists: it is open"
rm -f "$(record_of "$owner" "$group/$name")"
finish deleted
