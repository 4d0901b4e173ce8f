# include: ocfs2-device.sh
# include: format-records.sh
# include: fstab.sh
# The shared devices, the requested mount points, and the formats that began here.

probe_filesystems() {
	[ -f "$work/mounted-on" ] || return 1
	remember_blkid || {
		echo "blkid of util-linux is not installed" >&2
		return 1
	}
	superblocks=0
	while IFS= read -r path; do
		probe_device "$path" || return 1
	done <"$work/devices"
}

# remember_blkid: as find_blkid, but keeps the result until the path or its directory changes.
remember_blkid() {
	command -v blkid >"$work/blkid" || :
	word "$work/blkid"
	blkid_path=$value blkid_tool=$value
	if [ -n "$blkid_path" ] && kept blkid "$blkid_path" "${blkid_path%/*}" && [ "$kept_text" = "$blkid_path" ]; then return 0; fi
	begin_keeping blkid
	find_blkid || return 1
	[ "$blkid_tool" != blkid ] || keep blkid "$blkid_path"
}

probe_device() {
	if ! sysfs_facts "$1" && ! device_facts "$1"; then
		row filesystems device "$1" Missing - 0
		return 0
	fi
	mounted_rows "$1" "$device_number"
	# If the driver reports the device as dead, a read would hang.
	name=${1#/dev/etherd/}
	word "/sys/block/etherd!$name/state"
	case $value in
	'' | up) ;;
	*)
		row filesystems device "$1" Unreadable - "$device_size"
		return 0
		;;
	esac
	# According to the kernel, a mounted device contains an OCFS2, and this host's cache of it is valid.
	signature=ocfs2
	[ -n "$mounted" ] || forget_cached "$1"
	if [ -z "$mounted" ] && ! signature_of "$1"; then
		row filesystems device "$1" Unreadable - "$device_size"
		return 0
	fi
	case $signature in
	ocfs2) content=Ocfs2 ;;
	'')
		content=Blank code=0
		zero_at_ends "$1" "$device_size" || code=$?
		case $code in 0) ;; 2) content=Unreadable ;; *) content=Data ;; esac
		;;
	*) content=Signature ;;
	esac
	row filesystems device "$1" "$content" "${signature:--}" "$device_size"
	if [ "$content" = Ocfs2 ] && have debugfs.ocfs2; then
		superblocks=$((superblocks + 1))
		superblock_said "$1" "$work/superblock.$superblocks"
		row later superblock "$work/superblock.$superblocks" "$1"
	fi
}

# sysfs_facts PATH: as device_facts, but from sysfs and only for an AoE device; fails for anything else.
sysfs_facts() {
	case $1 in /dev/etherd/e*) [ -b "$1" ] || return 1 ;; *) return 1 ;; esac
	name=/sys/class/block/etherd!${1#/dev/etherd/}
	word "$name/dev"
	device_number=$value
	word "$name/size"
	case $device_number/$value in [0-9]*:[0-9]*/[0-9]*) ;; *) return 1 ;; esac
	device_size=$((value * 512))
}

# mounted_rows PATH MAJ:MIN: prints the mounts, and sets mounted when there are any.
mounted_rows() {
	mounted=
	[ -f "$work/mounted" ] || return 0
	while read -r number point all; do
		[ "$number" = "$2" ] || continue
		access=rw options=
		IFS=,
		for option in $all; do
			case $option in
			rw) ;;
			ro) access=ro ;;
			*) options=$options${options:+,}$option ;;
			esac
		done
		unset IFS
		mounted=yes
		row filesystems mounted "$1" "$point" "$access" "${options:--}"
	done <"$work/mounted"
}

# is_mount_point PATH: something is mounted there.
is_mount_point() {
	while IFS= read -r mounted_on; do
		[ "$mounted_on" != "$1" ] || return 0
	done <"$work/mounted-on"
	return 1
}

probe_mount_points() {
	[ -f "$work/mounted-on" ] || return 1
	flags=no
	if have lsattr; then flags=yes; fi
	while IFS= read -r path; do
		if is_mount_point "$path"; then
			# Looking into it could hang, and would show the file system, not the directory.
			row mount-points point "$path" Directory - -
		elif [ -L "$path" ]; then
			row mount-points point "$path" Symlink - -
		elif [ -d "$path" ]; then
			immutable=-
			if [ "$flags" = yes ]; then
				case $(lsattr -d -- "$path" 2>/dev/null) in
				'') ;;
				[!\ ]*i*\ /*) immutable=yes ;;
				*) immutable=no ;;
				esac
			fi
			if is_empty "$path"; then empty=yes; else empty=no; fi
			row mount-points point "$path" Directory "$empty" "$immutable"
		elif [ -e "$path" ]; then
			row mount-points point "$path" Other - -
		else
			row mount-points point "$path" Missing - -
		fi
		fstab_entry "$path" >"$work/entry"
		word "$work/entry"
		[ -z "$value" ] || printf 'mount-points\tentry\t%s\t%s\n' "$path" "$value"
	done <"$work/mount-points"
}

probe_formats() {
	format_records >"$work/formats"
	while IFS= read -r line; do printf 'formats\t%s\n' "$line"; done <"$work/formats"
}
