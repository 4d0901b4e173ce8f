#!/bin/sh
# Runs mkfs.ocfs2 once, in a session of its own, so that neither a cut connection nor a time limit ends it half-way. Its
# record is on the disk before mkfs.ocfs2 begins, and says so after it came to its end and left what was asked for.
# Arguments: BLKID RECORD DEVICE OWNER UUID LOG, then those of mkfs.ocfs2.
# Exit codes: 0 done, 1 mkfs.ocfs2 failed or left something else, 2 the record could not be written: nothing began.
set -eu
blkid_tool=$1 record=$2 device=$3 owner=$4 uuid=$5 log=$6
shift 6

# Field 22 of stat is the start time of the process. It follows the name, which may contain anything.
read -r stat <"/proc/$$/stat"
# shellcheck disable=SC2086
birth=$(set -- ${stat##*) } && echo "${20}")
read -r boot </proc/sys/kernel/random/boot_id

write_record() {
	{
		printf '%s\n%s\nbegan %s %s %s\n' "$device" "$owner" "$boot" "$$" "$birth"
		[ -z "$1" ] || echo "$1"
	} >"$record.xensan-new" && dd if=/dev/null of="$record.xensan-new" conv=notrunc,fsync 2>/dev/null && mv -f "$record.xensan-new" "$record" || return 1
	# The directory entry must be on the disk, too.
	! sync --version >/dev/null 2>&1 || sync "${record%/*}" || return 1
	[ -s "$record" ]
}

# Never overwrites a record: its format has begun.
[ ! -e "$record" ] || exit 2
write_record '' || exit 2
code=0
mkfs.ocfs2 "$@" </dev/null >>"$log" 2>&1 || code=$?
echo "mkfs.ocfs2 exit $code" >>"$log"
[ "$code" = 0 ] || exit 1
# The exit code is only a hint: what counts is the content of the device.
! command -v blockdev >/dev/null 2>&1 || blockdev --flushbufs "$device" || :
found=$("$blkid_tool" -p -o value -s UUID "$device" </dev/null) || :
if [ "$found" != "$uuid" ]; then
	echo "mkfs.ocfs2 ended, and the device shows ${found:-no file system} instead of $uuid" >>"$log"
	exit 1
fi
write_record 'done' || exit 1
