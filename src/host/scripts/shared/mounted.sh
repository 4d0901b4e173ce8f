# include: ocfs2-device.sh
# require_mounted MOUNTPOINT UUID: refuses unless the file system with this UUID is mounted there, and not read-only.
# Sets mounted_number (its MAJ:MIN in mountinfo) and mounted_device.
require_mounted() {
	# Of several mounts, only the last is visible.
	mounted_row=$(awk -v point="$1" '$5 == point {
		for (i = 7; i <= NF && $i != "-"; i++) ;
		found = $3 " " $(i + 2) " " $(i + 1) " " $6
	} END { print found }' /proc/self/mountinfo)
	[ -n "$mounted_row" ] || refuse NotMounted "nothing is mounted on $1"
	# shellcheck disable=SC2086
	set -- "$1" "$2" $mounted_row
	mounted_number=$3 mounted_device=$4
	find_blkid || refuse ToolMissing "blkid of util-linux is not installed"
	mounted_uuid=$(limited 20 "$blkid_tool" -p -s UUID -o value "$mounted_device" 2>/dev/null </dev/null) ||
		refuse NotMounted "$mounted_device is mounted on $1, but no UUID can be read from it"
	[ "$mounted_uuid" = "$2" ] || refuse NotMounted "$mounted_device is mounted on $1 and holds $mounted_uuid, not $2"
	case ,$6, in *,ro,*) refuse ReadOnlyFileSystem "$1 is mounted read-only" ;; esac
}
