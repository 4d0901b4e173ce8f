# replace_file FILE MODE: writes stdin to FILE, all of it or nothing, even if the power fails.
# The temporary name has no ending that a daemon reads, such as .conf.
replace_file() {
	replace_new=$1.xensan-new
	mkdir -p "${1%/*}" 2>/dev/null || :
	if ! replace_error=$({ cat >"$replace_new" && chmod "$2" "$replace_new" && flush "$replace_new" && mv -f "$replace_new" "$1"; } 2>&1); then
		rm -f "$replace_new" 2>/dev/null || :
		refuse_write "$1" "$replace_error"
	fi
	flush_directory "${1%/*}"
}

# refuse_write WHAT ERROR: refuses after a failed write, with a reason of the catalogue.
refuse_write() {
	case $2 in
	*"Read-only file system"*) refuse ReadOnlyFileSystem "$1 is on a read-only file system" ;;
	*"No space left"* | *"Disk quota"*) refuse NoSpace "no space left for $1" ;;
	*)
		echo "$1: $2" >&2
		exit 1
		;;
	esac
}

# flush FILE: writes its data and size to the disk. dd is the only tool that does this on every host.
flush() {
	dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null
}

# Flushes a directory if there is a tool for it; never with a plain sync, which waits for every dead device.
flush_directory() {
	if have fsync; then
		fsync "$1" 2>/dev/null || :
	elif sync --version >/dev/null 2>&1; then
		sync "$1" 2>/dev/null || :
	fi
}
