#!/bin/sh
# Ensures that an OCFS2 is not mounted, neither now nor after a boot. Never unmounts by force: the refusal names its users.
# changes: unmounts an OCFS2 and removes its entry from /etc/fstab and its record; the mount point is no longer immutable
# undo: add the file system to the Ocfs2Cluster again
# Arguments: OWNER DEVICE UUID MOUNTPOINT
# Prints done<TAB>unmounted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (FilesystemInUse WrongFilesystem NotOurs ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: ocfs2-device.sh
# include: fstab.sh
# include: mount-records.sh
# include: filesystem-users.sh

owner=$1 device=$2 uuid=$3 point=$4
take_lock mounts 60
word=absent

entry=$(fstab_entry "$point")
entry_owner=
if [ -n "$entry" ]; then
	entry_owner=${entry##*	}
	[ "$entry_owner" = "$owner" ] || refuse NotOurs "/etc/fstab mounts ${entry%%	*} on $point, and xensan did not write it for ${owner% *}"
fi

# look: sets mounted_number and mounted_what to what is visible on the directory.
look() {
	mounted_number='' mounted_what=''
	while read -r _ _ mount_number mount_root mount_point mount_rest; do
		[ "$mount_point" = "$point" ] || continue
		mounted_number=$mount_number
		mounted_what="$mount_root ${mount_rest##* - }"
	done </proc/self/mountinfo
}
look
if [ -n "$mounted_number" ]; then
	device_facts "$device" || device_number=none
	case "$mounted_number $mounted_what" in
	"$device_number / ocfs2 "*) ;;
	*) refuse WrongFilesystem "${mounted_what#* } is mounted on $point, not $device" ;;
	esac
	# A read could hang if the device is dead, but the kernel names a heartbeat after the mounted file system.
	region=$(printf '%s' "$uuid" | tr -d - | tr 'a-f' 'A-F')
	if ! ls -d "/sys/kernel/config/cluster/"*"/heartbeat/$region" >/dev/null 2>&1; then
		[ "$(uuid_of "$device")" = "$uuid" ] || refuse WrongFilesystem "$device does not hold the file system $uuid"
	fi
	users=$(users_of "$mounted_number" "$point" | sort -u | head -n 10 | tr '\n' ',' | sed 's/,$//; s/,/, /g')
	[ -z "$users" ] || refuse FilesystemInUse "$point is used by $users"
	said=$(umount "$point" 2>&1 </dev/null 9>&-) || :
	look
	if [ -n "$mounted_number" ]; then
		users=$(users_of "$mounted_number" "$point" | sort -u | head -n 10 | tr '\n' ',' | sed 's/,$//; s/,/, /g')
		refuse FilesystemInUse "$(printf '%s' "$said" | tr '\n' ' ')${users:+: $users}"
	fi
	word=unmounted
fi

if [ -n "$entry" ]; then
	fstab_without "$point" >"$run_dir/fstab"
	fstab=$(resolve /etc/fstab)
	replace_file "$fstab" 644 <"$run_dir/fstab"
	find_init
	[ "$init" != systemd ] || systemctl daemon-reload 9>&- || :
	word=unmounted
	# The owner of the host may write to the directory from now on.
	! have chattr || [ ! -d "$point" ] || chattr -i "$point" 2>/dev/null || :
fi
if [ -n "$(recorded_mount "$point")" ]; then
	mount_records_without "$point" >"$run_dir/mount-records"
	replace_file "$mount_records" 644 <"$run_dir/mount-records"
fi
# A program that mounts at boot may have mounted it again.
look
case "$mounted_what" in "/ ocfs2 "*) refuse FilesystemInUse "$point was mounted again just now" ;; esac
finish "$word"
