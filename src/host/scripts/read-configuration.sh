#!/bin/sh
# Prints files in which people configure mounts and domains: /etc/fstab, and of each directory the files *.cfg, or all files
# if the directory is named auto. Changes nothing.
# Arguments: DIRECTORY…
# Prints lines of fields separated by tabs. In a line of a file a tab and a backslash are written \011 and \134.
#   file PATH, then text LINE for each of its lines
#   skipped PATH WHY        larger than 64 KiB, unreadable, or beyond the first 256 files
#   end read-configuration  the last line
# Exit codes: 0 always.
set -eu
# include: prelude.sh

count=0
show() {
	if [ "$count" -ge 256 ]; then
		printf 'skipped\t%s\tthere are more than 256 files\n' "$1"
		return 0
	fi
	count=$((count + 1))
	bytes=$(stat -L -c %s -- "$1" 2>/dev/null) || bytes=
	if [ -z "$bytes" ] || [ ! -r "$1" ]; then
		printf 'skipped\t%s\tcannot be read\n' "$1"
	elif [ "$bytes" -gt 65536 ]; then
		printf 'skipped\t%s\thas %s bytes, more than 65536\n' "$1" "$bytes"
	else
		printf 'file\t%s\n' "$1"
		# The file may grow while it is read.
		head -c 65536 -- "$1" | awk '{ gsub(/\\/, "\\134"); gsub(/\t/, "\\011"); print "text\t" $0 }'
	fi
}

[ ! -f /etc/fstab ] || show /etc/fstab
for directory; do
	case $directory in
	*/auto) set -- "$directory"/* ;;
	*) set -- "$directory"/*.cfg ;;
	esac
	for path; do
		case $path in *'	'* | *'
'*) continue ;; esac
		[ ! -f "$path" ] || show "$path"
	done
done
printf 'end\tread-configuration\n'
