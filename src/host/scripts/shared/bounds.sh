# Checks which backings may be used. The owner of the host sets globs. Each path is checked on the host, in the process
# that acts, by what the kernel resolves it to.

backing_related=

# glob_matches GLOB TEXT: part by part, so that * and ? stay within one directory.
glob_matches() {
	glob_rest=$1
	glob_text=$2
	while :; do
		# shellcheck disable=SC2254
		case ${glob_text%%/*} in
		${glob_rest%%/*}) ;;
		*) return 1 ;;
		esac
		case $glob_rest in
		*/*) case $glob_text in */*) ;; *) return 1 ;; esac ;;
		*) case $glob_text in */*) return 1 ;; *) return 0 ;; esac ;;
		esac
		glob_rest=${glob_rest#*/}
		glob_text=${glob_text#*/}
	done
}

# in_bounds NAME GLOB…
in_bounds() {
	bounds_name=$1
	shift
	for bounds_glob; do
		! glob_matches "$bounds_glob" "$bounds_name" || return 0
	done
	return 1
}

# segment_on INTERFACE LIST: prints the segment of the interface in a list of words INTERFACE=SEGMENT, or nothing.
segment_on() {
	for bounds_word in $2; do
		[ "${bounds_word%%=*}" != "$1" ] || printf '%s\n' "${bounds_word#*=}"
	done
}

# plain_path PATH: refuses a path that is not absolute or that contains an empty part, . or ..
plain_path() {
	case $1/ in
	*/../* | */./* | *//*) refuse InvalidArgument "$1 contains an empty part, . or .." ;;
	/*) ;;
	*) refuse InvalidArgument "$1 is not an absolute path" ;;
	esac
}

resolve() {
	if have realpath; then realpath "$1"; else readlink -f "$1"; fi
}

# facts_of PATH: sets backing_kind (File, BlockDevice, Other), backing_identity (block:MAJ:MIN or file:DEV:INODE),
# backing_bytes, backing_device (MAJ:MIN) and backing_links of what PATH resolves to; fails if that does not exist.
facts_of() {
	facts=$(stat -L -c '%f %t %T %s %d %i %h' -- "$1" 2>/dev/null) || return 1
	# shellcheck disable=SC2086
	set -- $facts
	backing_device=
	backing_links=$7
	case $1 in
	8???)
		backing_kind=File
		backing_identity=file:$5:$6
		backing_bytes=$4
		;;
	6???)
		backing_kind=BlockDevice
		backing_device=$((0x$2)):$((0x$3))
		backing_identity=block:$backing_device
		read -r backing_sectors 2>/dev/null <"/sys/dev/block/$backing_device/size" || return 1
		backing_bytes=$((backing_sectors * 512))
		;;
	*)
		backing_kind=Other
		backing_identity=file:$5:$6
		backing_bytes=0
		;;
	esac
}

# require_backing ASKED GLOB…: refuses unless the path resolves to a file or device that is inside the bounds and free.
# Sets what facts_of sets, backing_real, backing_configured (the name for configurations, which still leads to the same
# backing after a reboot) and backing_related (identities that overlap with it: its disk, its partitions, …).
require_backing() {
	plain_path "$1"
	if ! facts_of "$1"; then
		[ ! -L "$1" ] || refuse BackingMissing "$1 is a dangling symbolic link"
		refuse BackingMissing "$1 does not exist"
	fi
	backing_real=$(resolve "$1") || refuse BackingMissing "$1 vanished"
	backing_related=
	case $backing_kind in
	File) require_file "$@" ;;
	BlockDevice) require_device "$@" ;;
	*) refuse BackingNotUsable "$1 is neither a regular file nor a block device" ;;
	esac
	[ "$backing_bytes" -ge 512 ] || refuse BackingEmpty "$1 has $backing_bytes bytes, less than one sector"
}

require_file() {
	file_asked=$1
	shift
	require_place "$file_asked" "$backing_real" "$@"
	[ "$backing_links" = 1 ] || refuse BackingNotUsable "$backing_real has $backing_links hard links: another path names the same file"
	while read -r swap_name _; do
		! is_this_file "$swap_name" || refuse BackingInUse "$backing_real is used as swap"
	done </proc/swaps
	for loop_file in /sys/block/loop*/loop/backing_file; do
		{ IFS= read -r loop_backing <"$loop_file"; } 2>/dev/null || continue
		loop_name=${loop_file#/sys/block/}
		! is_this_file "$loop_backing" || refuse BackingInUse "$backing_real is used by the loop device ${loop_name%%/*}"
	done
	backing_configured=$backing_real
}

# is_this_file NAME: whether it is another name of the file that facts_of found, or the same.
is_this_file() {
	[ "file:$(stat -L -c %d:%i -- "$1" 2>/dev/null)" = "$backing_identity" ]
}

# require_place ASKED REAL GLOB…: refuses unless both names of a file, and every other name that mounts give it, are
# inside the bounds. Also refuses reserved names and directories of the system.
require_place() {
	place_asked=$1
	place_real=$2
	shift 2
	for place_name in "$place_asked" "$place_real"; do
		case $place_name in
		*.xensan-new | *.xensan-deleted)
			refuse BackingNotUsable "$place_name has a name that xensan reserves for files that it creates or deletes"
			;;
		esac
	done
	in_bounds "$place_asked" "$@" || refuse BackingOutsideBounds "$place_asked is not in allowedBackings"
	in_bounds "$place_real" "$@" ||
		refuse BackingOutsideBounds "$place_asked resolves to $place_real, which is not in allowedBackings"
	place_aliases=$(other_names "$place_real")
	while IFS= read -r place_alias; do
		[ -z "$place_alias" ] || in_bounds "$place_alias" "$@" ||
			refuse BackingOutsideBounds "$place_real is also $place_alias (a bind mount), which is not in allowedBackings"
	done <<-END
		$place_aliases
	END
	case $place_real in
	/bin/* | /boot/* | /dev/* | /etc/* | /lib*/* | /proc/* | /root/* | /run/* | /sbin/* | /sys/* | /usr/* | \
		/var/lib/dpkg/* | /var/lib/apt/* | "$state_dir"/*)
		refuse BackingNotUsable "$place_real is in a directory of the system"
		;;
	esac
}

# other_names PATH: prints the other names of a file whose directory is mounted more than once.
other_names() {
	PLACE=$1 awk '
		function plain(s,   out, at) {
			out = ""
			while ((at = match(s, /\\[0-7][0-7][0-7]/)) > 0) {
				out = out substr(s, 1, at - 1) sprintf("%c", substr(s, at + 1, 1) * 64 + substr(s, at + 2, 1) * 8 + substr(s, at + 3, 1))
				s = substr(s, at + 4)
			}
			return out s
		}
		# below: returns the part of path below directory, "" if they are the same, or - if path is elsewhere.
		function below(path, directory) {
			if (directory == "/") return path == "/" ? "" : path
			if (path == directory) return ""
			if (substr(path, 1, length(directory) + 1) == directory "/") return substr(path, length(directory) + 1)
			return "-"
		}
		function join(directory, rest) { return directory == "/" ? (rest == "" ? "/" : rest) : directory rest }
		BEGIN {
			path = ENVIRON["PLACE"]
			best = -1
			while ((getline < "/proc/self/mountinfo") > 0) {
				count++
				device[count] = $3; root[count] = plain($4); point[count] = plain($5)
				# Of several mounts on one mount point, only the last is visible.
				if (below(path, point[count]) != "-" && length(point[count]) >= best) { best = length(point[count]); covering = count }
			}
			if (covering == 0) exit
			inside = join(root[covering], below(path, point[covering]))
			for (i = 1; i <= count; i++) {
				if (device[i] != device[covering]) continue
				rest = below(inside, root[i])
				if (rest == "-") continue
				name = join(point[i], rest)
				if (name == path || name in seen) continue
				# A later mount at or above this name hides the file.
				hidden = 0
				for (j = i + 1; j <= count; j++)
					if (below(name, point[j]) != "-" && length(point[j]) >= length(point[i])) hidden = 1
				seen[name] = 1
				if (!hidden) print name
			}
		}'
}

# device_names MAJ:MIN: prints its names in kernel, device-mapper and LVM, one a line; a logical volume also as vg/lv.
device_names() {
	device_link=$(resolve "/sys/dev/block/$1") || return 0
	device_kernel=${device_link##*/}
	printf '/dev/%s\n' "$device_kernel" | tr '!' '/'
	read -r device_dm 2>/dev/null <"$device_link/dm/name" || return 0
	echo "/dev/mapper/$device_dm"
	read -r device_uuid 2>/dev/null <"$device_link/dm/uuid" || return 0
	case $device_uuid in
	LVM-*-*) ;; # the hidden half of a snapshot, pool or mirror
	LVM-*)
		# device-mapper joins both names with a hyphen and doubles each hyphen in them.
		device_lv=$(printf '%s\n' "$device_dm" | sed 's/--/,/g; s/-/\//; s/,/-/g')
		echo "$device_lv"
		echo "/dev/$device_lv"
		;;
	esac
}

require_device() {
	device_asked=$1
	shift
	device_all=$(device_names "$backing_device")
	[ -n "$device_all" ] || refuse BackingMissing "the kernel has no device $backing_device for $device_asked"
	device_named=no
	device_allowed=no
	backing_configured=$device_asked
	while IFS= read -r device_name; do
		[ "$device_name" != "$device_asked" ] || device_named=yes
		! in_bounds "$device_name" "$@" || device_allowed=yes
		# /dev/dm-3 may be another volume after a reboot, and a link outside /dev may lead elsewhere.
		case $device_name in
		/dev/*/*) case $device_asked in /dev/dm-* | /dev/mapper/*) backing_configured=$device_name ;; esac ;;
		esac
		case $device_asked in /dev/*) ;; *) case $device_name in /dev/*) backing_configured=$device_name ;; esac ;; esac
	done <<-END
		$device_all
	END
	if [ "$device_named" = no ]; then
		in_bounds "$device_asked" "$@" || refuse BackingOutsideBounds "$device_asked is not in allowedBackings"
		# by-id and by-path name hardware, zvol and md name what this host has assembled, and by-partlabel names a partition
		# of this host. If allowedBackings lists such a name, what it leads to is allowed. A client that writes to an
		# exported disk can forge names made from its content (by-label, by-uuid, by-partuuid).
		case $device_asked in
		/dev/disk/by-id/* | /dev/disk/by-path/* | /dev/disk/by-partlabel/* | /dev/zvol/*/* | /dev/md/*)
			[ "$(resolve "${device_asked%/*}")" != "${device_asked%/*}" ] || device_allowed=yes
			;;
		esac
	fi
	# At the next boot, /dev/sdb may be another disk, so the configured name is one made from what the disk reports.
	case $device_asked in
	/dev/*/*) ;;
	/dev/*)
		for device_link in /dev/disk/by-id/*; do
			case $device_link in *[!A-Za-z0-9/._+:@=,-]*) continue ;; esac
			if [ -b "$device_link" ] && [ "$(resolve "$device_link")" = "$device_asked" ] && [ ${#device_link} -le 80 ]; then
				backing_configured=$device_link
				break
			fi
		done
		;;
	esac
	[ "$device_allowed" = yes ] || refuse BackingOutsideBounds \
		"$device_asked is $(printf '%s' "$device_all" | tr '\n' ' ') and none of these is in allowedBackings"
	require_free "$device_asked" "$backing_device"
}

# require_free NAME MAJ:MIN: refuses if it or one of its partitions is mounted, used as swap or held; extends
# backing_related.
require_free() {
	free_sys=/sys/dev/block/$2
	free_busy=$(busy_devices)
	# Every host has something mounted: an empty list is an error.
	[ -n "$free_busy" ] || {
		echo "cannot tell what is mounted" >&2
		exit 1
	}
	free_sets="$2 $1"
	for free_part in "$free_sys"/*/partition; do
		[ -f "$free_part" ] || continue
		free_part=${free_part%/partition}
		read -r free_number <"$free_part/dev"
		free_sets="$free_sets
$free_number partition ${free_part##*/} of $1"
		backing_related="$backing_related block:$free_number"
		for free_holder in "$free_part"/holders/*; do
			[ ! -e "$free_holder" ] || refuse BackingInUse "partition ${free_part##*/} of $1 is held by ${free_holder##*/}"
		done
	done
	for free_holder in "$free_sys"/holders/*; do
		[ ! -e "$free_holder" ] || refuse BackingInUse "$1 is held by ${free_holder##*/} (LVM, RAID or device-mapper)"
	done
	while read -r free_number free_label; do
		while read -r busy_number busy_why; do
			[ "$busy_number" != "$free_number" ] || refuse BackingInUse "$free_label is $busy_why"
		done <<-END
			$free_busy
		END
	done <<-END
		$free_sets
	END
	backing_related="$backing_related$(underlying "$2")"
}

# busy_devices: prints MAJ:MIN WHY of each device that is mounted, used as swap or behind a loop device. A file system
# with its own device number (btrfs) is found by its source.
busy_devices() {
	{
		awk '{ for (i = 7; i <= NF && $i != "-"; i++) ; print $3, "mounted on " $5; if ($(i + 2) ~ /^\/dev\//) print $(i + 2), "mounted on " $5 }' /proc/self/mountinfo
		awk '$1 ~ /^\// && $2 == "partition" { print $1, "used as swap" }' /proc/swaps
		for busy_loop in /sys/block/loop*/loop/backing_file; do
			{ IFS= read -r busy_file <"$busy_loop"; } 2>/dev/null || continue
			case $busy_file in /dev/*) echo "$busy_file used by a loop device" ;; esac
		done
	} | sort -u | while read -r busy_name busy_text; do
		case $busy_name in
		/*)
			busy_facts=$(stat -L -c '%f %t %T' -- "$busy_name" 2>/dev/null) || continue
			case $busy_facts in 6???' '*) busy_facts=${busy_facts#* } ;; *) continue ;; esac
			echo "$((0x${busy_facts% *})):$((0x${busy_facts#* })) $busy_text"
			;;
		*) echo "$busy_name $busy_text" ;;
		esac
	done
}

# underlying MAJ:MIN: prints identities of what it is part of or built on: disk, device-mapper slaves, file of a loop.
underlying() {
	under_link=$(resolve "/sys/dev/block/$1") || return 0
	if [ -f "$under_link/partition" ]; then
		read -r under_number <"${under_link%/*}/dev"
		printf ' block:%s' "$under_number"
		underlying "$under_number"
	fi
	for under_slave in "$under_link"/slaves/*; do
		[ -e "$under_slave/dev" ] || continue
		read -r under_number <"$under_slave/dev"
		printf ' block:%s%s' "$under_number" "$(underlying "$under_number")"
	done
	{ IFS= read -r under_file <"$under_link/loop/backing_file"; } 2>/dev/null || return 0
	# A file that was removed, or is in another container, has no path here.
	under_facts=$(stat -L -c '%d:%i' -- "$under_file" 2>/dev/null) || return 0
	printf ' file:%s' "$under_facts"
}

# require_unclaimed ASKED GLOB…: refuses a device that has a signature of LVM, RAID or the like, whether active or not,
# unless allowedBackings lists it by its exact name: a client may have written the signature. Call it after
# require_backing.
require_unclaimed() {
	claim_asked=$1
	shift
	[ "$backing_kind" = BlockDevice ] || return 0
	claim_names=$(device_names "$backing_device")
	case $claim_names in *"
"[!/]*) return 0 ;; esac # a logical volume: what is inside is the client's
	claim=
	if dd if="$claim_asked" bs=512 count=4 2>/dev/null | tr -dc 'A-Z0-9' | grep -q LABELONE; then claim=LVM2_member; fi
	[ -n "$claim" ] || claim=$(sed -n 's/^E:ID_FS_TYPE=\(.*_member\|drbd\|bcache\)$/\1/p' "/run/udev/data/b$backing_device" 2>/dev/null) || :
	[ -n "$claim" ] || return 0
	for claim_glob; do
		if [ "$claim_glob" = "$claim_asked" ]; then return 0; fi
	done
	refuse BackingInUse "$claim_asked is marked by LVM, RAID or the like ($claim); list it by its exact name in allowedBackings to serve it anyway"
}
