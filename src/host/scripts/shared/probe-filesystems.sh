# include: ocfs2-device.sh
# include: format-records.sh
# include: fstab.sh
# The shared devices, the mount points that were asked for, and the formats that began here.

probe_filesystems() {
	find_blkid || {
		echo "no blkid of util-linux on this host" >&2
		return 1
	}
	while IFS= read -r path; do
		probe_device "$path" || return 1
	done <"$work/devices"
}

probe_device() {
	if ! number=$(device_number "$1") || ! bytes=$(device_bytes "$number"); then
		row filesystems device "$1" Missing - 0
		return 0
	fi
	mounted_rows "$1" "$number"
	# The driver knows it is dead: a read would hang.
	name=${1#/dev/etherd/}
	word "/sys/block/etherd!$name/state"
	case $value in
	'' | up) ;;
	*)
		row filesystems device "$1" Unreadable - "$bytes"
		return 0
		;;
	esac
	[ -n "$mounted" ] || forget_cached "$1"
	if ! signature_of "$1"; then
		row filesystems device "$1" Unreadable - "$bytes"
		return 0
	fi
	case $signature in
	ocfs2) content=Ocfs2 ;;
	'')
		content=Blank code=0
		zero_at_ends "$1" "$bytes" || code=$?
		case $code in 0) ;; 2) content=Unreadable ;; *) content=Data ;; esac
		;;
	*) content=Signature ;;
	esac
	row filesystems device "$1" "$content" "${signature:--}" "$bytes"
	if [ "$content" = Ocfs2 ] && have debugfs.ocfs2; then
		superblock_rows "$1" >"$work/superblock"
		while IFS='	' read -r kind fields; do printf 'filesystems\t%s\t%s\t%s\n' "$kind" "$1" "$fields"; done <"$work/superblock"
	fi
}

# mounted_rows PATH MAJ:MIN: also sets mounted to its mount points.
mounted_rows() {
	awk -v path="$1" -v number="$2" '$3 == number {
		for (i = 7; i <= NF && $i != "-"; i++) ;
		if ($(i + 1) != "ocfs2") next
		options = ""; access = "rw"
		count = split($6 "," $(i + 3), option, ",")
		for (j = 1; j <= count; j++) {
			if (option[j] == "ro") access = "ro"
			if (option[j] == "rw" || option[j] == "ro" || option[j] == "") continue
			options = options (options == "" ? "" : ",") option[j]
		}
		print "filesystems\tmounted\t" path "\t" $5 "\t" access "\t" (options == "" ? "-" : options)
	}' /proc/self/mountinfo >"$work/mounted"
	mounted=
	while IFS= read -r line; do
		mounted=yes
		printf '%s\n' "$line"
	done <"$work/mounted"
}

probe_mount_points() {
	flags=no
	if have lsattr; then flags=yes; fi
	while IFS= read -r path; do
		if is_mount_point "$path"; then
			# Looking into it could hang, and would tell of the file system, not of the directory.
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
		line=$(fstab_entry "$path")
		[ -z "$line" ] || printf 'mount-points\tentry\t%s\t%s\n' "$path" "$line"
	done <"$work/mount-points"
}

probe_formats() {
	format_records | while IFS= read -r line; do printf 'formats\t%s\n' "$line"; done
}
