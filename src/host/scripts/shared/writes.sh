# Whether an initiator writes to a backing through its vblade. An OCFS2 node writes its heartbeat every two seconds.

# write_mark PATH: prints text that changes with each write: the count of writes of a block device or the time of the
# last one of a file, and a checksum of its beginning, where the heartbeats are (writes without sync reach the counter
# late).
write_mark() {
	facts_of "$1" || return 1
	case $backing_kind in
	BlockDevice) awk '{ print $5, $7 }' "/sys/dev/block/$backing_device/stat" ;;
	*) stat -L -c '%Y %Z' -- "$1" ;;
	esac
	dd if="$1" bs=1048576 count=64 2>/dev/null | cksum
}

# require_silent PATH NAME: refuses if PATH is written to within six seconds, or if that cannot be determined.
require_silent() {
	silent_before=$(write_mark "$1") || refuse BackingMissing "$1 cannot be read, so it is unknown whether an initiator writes to it"
	sleep 6
	silent_after=$(write_mark "$1") || refuse BackingMissing "$1 cannot be read, so it is unknown whether an initiator writes to it"
	[ "$silent_before" = "$silent_after" ] ||
		refuse BackingWritten "an initiator writes to $1 through $2, as a node that has it mounted does: the export stays"
}
