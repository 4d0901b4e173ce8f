# replace_file FILE MODE: writes stdin to FILE, all of it or nothing, even if the power fails.
# The temporary name ends in .xensan-new, so no daemon reads the file as, for example, a .conf file.
replace_file() {
	replace_new=$1.xensan-new
	mkdir -p "${1%/*}" 2>/dev/null || :
	if ! replace_error=$({ cat >"$replace_new" && chmod "$2" "$replace_new" && flush "$replace_new" && mv -f "$replace_new" "$1"; } 2>&1); then
		rm -f "$replace_new" 2>/dev/null || :
		refuse_write "$1" "$replace_error"
	fi
	flush_directory "${1%/*}"
}

# refuse_write WHAT ERROR: ends the script after a failed write, with a reason from the catalogue if ERROR has one.
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

# flush FILE: writes its data and size to the disk. Every host has dd, but not every host has another tool for this.
flush() {
	dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null
}

# flush_directory DIRECTORY: flushes it if the host has a tool for that. A plain sync would wait for every dead device.
flush_directory() {
	if have fsync; then
		fsync "$1" 2>/dev/null || :
	elif sync --version >/dev/null 2>&1; then
		sync "$1" 2>/dev/null || :
	fi
}
