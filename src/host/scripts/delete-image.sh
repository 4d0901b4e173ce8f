#!/bin/sh
# Ensures that an image which ensure-image created for this owner is gone. Touches nothing else, nothing that this host
# uses under any name, and nothing on which any host holds a lease.
# changes: removes an image file that ensure-image created, and its record
# undo: not possible
# Arguments: OWNER PATH MOUNTPOINT FSUUID.
# Prints done<TAB>deleted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs ImageInUse ImageLeased LeaseUnsupported NotMounted ReadOnlyFileSystem ToolMissing), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: xen.sh
# include: mounted.sh
# include: images.sh
# include: domain-lock.sh
# include: lease.sh

owner=$1 asked=$2 mount_point=$3 filesystem=$4
take_lock images 40
require_mounted "$mount_point" "$filesystem"
image_place "$asked" "$mount_point"
gone=$image_real.xensan-deleted

# made_for FILE: it is the same file that was made as this image for this very object: a command that comes late deletes
# nothing of one that was created anew. A restored object has first written its own record.
made_for() {
	read_image_record "$image_record" && [ "$record_origin" != Found ] && [ "$record_owner" = "$owner" ] &&
		[ "$record_inode" = "$(inode_and_birth "$1")" ]
}

! work_alive "$image_work.pid" || refuse ImageInUse "process $worker_pid is copying to $asked"
rm -f "$image_copy" "$image_work.pid" "$image_work.err"
if [ ! -e "$image_real" ] && [ ! -L "$image_real" ]; then
	# Completes a deletion that was interrupted after its rename.
	if [ -f "$gone" ] && made_for "$gone"; then rm -f "$gone" "$image_record"; fi
	finish absent
fi
if [ -L "$image_real" ] || [ ! -f "$image_real" ]; then refuse NotOurs "$asked is not a regular file"; fi
made_for "$image_real" || refuse NotOurs "$asked was not made for $owner"
user=$(first_image_user "$image_real")
[ -z "$user" ] || refuse ImageInUse "$asked is used by the $user"
# shellcheck disable=SC2012
user=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v path="$image_real" '
	/^\/proc\// { pid = $0; sub(/^\/proc\//, "", pid); sub(/\/fd:$/, "", pid); next }
	{ at = index($0, " -> "); if (at > 0 && substr($0, at + 4) == path) { print pid; exit } }')
[ -z "$user" ] || refuse ImageInUse "process $user has $asked open"
# From here on, this process has it open too, and its lock keeps a start from taking the lease until this script ends.
require_flocks "$asked"
exec 8<"$image_real"
flock -x -n 8 || refuse ImageLeased "the lease of $asked is held by a domain or a deletion"
if have xenstore-ls && { [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; }; then
	user=$(limited 10 xenstore-ls -f /local/domain/0/backend 2>/dev/null </dev/null | grep -F "params = \"$image_real\"" | head -n 1 || :)
	[ -z "$user" ] || refuse ImageInUse "a domain uses $asked: ${user%% = *}"
fi
error=$(mv "$image_real" "$gone" 2>&1) || refuse_write "$asked" "$error"
# The renamed file is the one that gets deleted: check it again.
made_for "$gone" || {
	[ -e "$image_real" ] || mv "$gone" "$image_real"
	refuse NotOurs "$asked was replaced during the check"
}
rm -f "$gone" "$image_record"
flush_directory "${image_real%/*}"
finish deleted
