#!/bin/sh
# Ensures that a file exists inside the bounds and has at least the given size; new space is sparse. Never shrinks a file, and
# never recreates one that was recorded here: a file that is gone is missing.
# changes: the backing file that an AoeVolume declares, and its record in /var/lib/xensan/backings
# undo: delete the AoeVolume with deletionPolicy: Delete
# Arguments: OWNER PATH BYTES REPLACES GLOB…
#   REPLACES  identity of a recorded file whose replacement a person approved, - for none
# Prints done<TAB>created, done<TAB>grown or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (BackingOutsideBounds BackingNotUsable BackingInUse BackingMissing BackingChanged NoSpace
# ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: records.sh

owner=$1
asked=$2
bytes=$3
replaces=$4
shift 4
plain_path "$asked"
take_lock storage 40

directory=${asked%/*}
[ -d "${directory:-/}" ] || refuse BackingMissing "the directory ${directory:-/} does not exist"
real_directory=$(resolve "${directory:-/}")
real=${real_directory%/}/${asked##*/}
# A crash between the steps below may leave this file, but it is never the finished one.
new=$real.xensan-new

grow() {
	free=$(df -P -k "$real_directory" 2>/dev/null | awk 'NR == 2 { print $4 }')
	if [ -n "$free" ] && [ "$(((bytes - $2) / 1024))" -gt "$free" ]; then
		refuse NoSpace "$asked needs $(((bytes - $2) / 1024)) KiB more and its file system has $free KiB left"
	fi
	# One zero byte at the new end, which lies beyond the old one: nothing can shrink or be overwritten.
	error=$(dd if=/dev/zero of="$1" bs=1 count=1 seek="$((bytes - 1))" conv=notrunc,fsync 2>&1) || refuse_write "$asked" "$error"
}

if [ -e "$real" ] || [ -L "$real" ]; then
	facts_of "$asked" || refuse BackingMissing "$asked is a dangling symbolic link"
	[ "$backing_kind" = File ] || refuse BackingNotUsable "$asked exists and is not a regular file"
	backing_real=$(resolve "$asked")
	require_file "$asked" "$@"
	rm -f "$new"
	real=$backing_real
	if known_before "$real" "$replaces"; then
		identity=$(backing_identity_of "$real")
		same_backing "$known_identity" "$identity" ||
			refuse BackingChanged "$asked is now $identity, but was recorded as $known_identity"
	fi
	[ "$backing_bytes" -lt "$bytes" ] || finish unchanged
	checked=$backing_identity
	# Opened once, so that the checked file is the one that grows, even if the name changes meanwhile.
	# Tried in a subshell first: a failed redirection of exec ends the shell without a message.
	error=$( (: 8<>"$real") 2>&1) || refuse_write "$asked" "$error"
	exec 8<>"$real"
	facts_of /proc/self/fd/8 || refuse BackingChanged "$asked vanished"
	[ "$backing_identity" = "$checked" ] || refuse BackingChanged "$asked was replaced during the check"
	grow /proc/self/fd/8 "$backing_bytes"
	finish grown
fi

# remove_unrecorded: removes a file that was made but is in no record.
remove_unrecorded() {
	[ -z "$unrecorded" ] || rm -f "$unrecorded"
}

require_place "$asked" "$real" "$@"
# The owner's record is written before the file gets its name: after a crash in between, the new file is found and
# completed.
if [ ! -e "$new" ] || ! recorded "$(record_of "$owner" "$real")" "$owner" "$real" "$new"; then
	! known_before "$real" "$replaces" ||
		refuse BackingMissing "$asked is missing; it was recorded as $known_identity and is not recreated"
	forget_replaced "$real" "$replaces"
	rm -f "$new" 2>/dev/null || :
	error=$( (set -C && : >"$new") 2>&1) || refuse_write "$asked" "$error"
	unrecorded=$new
	at_exit remove_unrecorded
	grow "$new" 0
	record_backing "$owner" "$real" "$new"
	unrecorded=
fi
error=$(ln "$new" "$real" 2>&1) || {
	rm -f "$new" "$(record_of "$owner" "$real")"
	[ ! -e "$real" ] || refuse BackingChanged "$asked appeared while it was being created"
	refuse_write "$asked" "$error"
}
rm -f "$new"
flush_directory "$real_directory"
finish created
