#!/bin/sh
# Ensures that an OCFS2 is mounted on a directory, now and after each boot, and that nothing is written into the
# directory while it is not mounted.
# changes: an entry in /etc/fstab below a line # xensan: OWNER, and the mount
# undo: remove the file system from the Ocfs2Cluster
# changes: /var/lib/xensan/mounts: the UUID of the file system that the entry means
# undo: remove the file system from the Ocfs2Cluster
# changes: the mount point: the directory is created, and immutable while nothing is mounted on it (chattr +i)
# undo: chattr -i DIRECTORY after it is unmounted
# changes: the boot order, as in configure-cluster, with systemd units or /etc/inittab
# undo: delete the Ocfs2Cluster
# Arguments: OWNER DEVICE UUID CLUSTER MOUNTPOINT OPTIONS|- GLOB…, then any of option=suid, option=dev and option=exec, which the
#   owner of the host allows. Without them it is mounted nosuid,nodev,noexec.
# Prints done<TAB>mounted, adopted (it was already mounted, not by us), remounted (suid, dev or exec changed), repaired (only the
# mount at boot) or unchanged. Other options of a mounted file system change only when it is mounted again.
# Exit codes: 0 done, 3 refused (MountPointOutsideBounds MountOptionOutsideBounds MountPointNotEmpty MountPointInUse MountPointNotUsable DeviceMissing
# WrongFilesystem ClusterOffline HeartbeatActive MountedElsewhere MountFailed OcfsToolsMissing ToolMissing InitNotSupported InvalidArgument
# NoSpace ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: o2cb.sh
# include: ocfs2-device.sh
# include: fstab.sh
# include: mount-records.sh
# include: boot-order-ensure.sh
# include: unheard-beat.sh

owner=$1 device=$2 uuid=$3 cluster=$4 point=$5 options=$6
shift 6
plain_path "$point"
take_lock mounts 60

# Only these options are accepted: systemd, mount(8) and the kernel have options that start units, panic or bind.
safe_options=
for word in suid dev exec; do
	case ,$options, in *,"$word",*) ;; *) safe_options=$safe_options,no$word ;; esac
done
for word in $(printf '%s' "$options" | tr , ' '); do
	case $word in
	- | nosuid | nodev | noexec) continue ;;
	suid | dev | exec)
		case " $* " in *" option=$word "*) ;; *) refuse MountOptionOutsideBounds "$word is not in allowed.mountOptions" ;; esac
		;;
	atime | noatime | nodiratime | relatime | ro | rw | sync | dirsync | acl | noacl | user_xattr | nouser_xattr | intr | nointr | inode64 | usrquota | grpquota) ;;
	data=ordered | data=writeback | coherency=full | coherency=buffered | errors=remount-ro | barrier=[01]) ;;
	commit=*[!0-9]* | atime_quantum=*[!0-9]* | localalloc=*[!0-9]* | resv_level=*[!0-9]* | dir_resv_level=*[!0-9]*)
		refuse MountOptionOutsideBounds "$word is not allowed on shared file systems"
		;;
	commit=?* | atime_quantum=?* | localalloc=?* | resv_level=?* | dir_resv_level=?*) ;;
	*) refuse MountOptionOutsideBounds "$word is not allowed on shared file systems" ;;
	esac
	safe_options=$safe_options,$word
done
options=${safe_options#,}

have mount.ocfs2 || refuse OcfsToolsMissing "mount.ocfs2 is not installed"
find_blkid || refuse ToolMissing "blkid of util-linux is not installed"

# The directory must be inside the bounds and outside the system, by both of its names.
[ ! -L "$point" ] || refuse MountPointNotUsable "$point is a symbolic link"
in_bounds "$point" "$@" || refuse MountPointOutsideBounds "$point is not in allowed.mountPoints"
parent=${point%/*}
while [ -n "$parent" ] && [ ! -e "$parent" ]; do parent=${parent%/*}; done
real_parent=$(resolve "${parent:-/}")
real=${real_parent%/}${point#"$parent"}
in_bounds "$real" "$@" || refuse MountPointOutsideBounds "$point resolves to $real, which is not in allowed.mountPoints"
case $real/ in
/bin/* | /boot/* | /dev/* | /etc/* | /lib*/* | /proc/* | /root/* | /run/* | /sbin/* | /sys/* | /usr/* | /tmp/ | /var/ | /var/lib/ | \
	/var/lib/dpkg/* | /var/lib/apt/* | "$state_dir"/* | /)
	refuse MountPointNotUsable "$real is a system directory"
	;;
/home/ | /opt/ | /srv/ | /mnt/ | /media/)
	named=
	for glob; do [ "$glob" != "$real" ] || named=yes; done
	[ -n "$named" ] || refuse MountPointNotUsable "$real is a system directory; it can be a mount point only if allowed.mountPoints names it without * or ?"
	;;
esac
point=$real

device_facts "$device" || refuse DeviceMissing "$device is not a block device"
require_alive "$device"

# What is mounted here, and where else this device is mounted.
here='' here_options='' elsewhere=''
while read -r _ _ mount_number mount_root mount_point mount_rest; do
	case " $mount_rest" in
	*' - '*) ;;
	*) continue ;;
	esac
	# Only the last mount on a directory is visible.
	[ "$mount_point" != "$point" ] || here="$mount_number $mount_root ${mount_rest##* - }" here_options=${mount_rest%% *}
	[ "$mount_number" != "$device_number" ] || [ "$mount_point" = "$point" ] || elsewhere=$mount_point
done </proc/self/mountinfo
case $here in
'') ;;
"$device_number / ocfs2 "*) ;;
*) refuse MountPointInUse "${here#* * } is mounted on $point" ;;
esac
[ -n "$here" ] || [ -z "$elsewhere" ] || refuse MountedElsewhere "$device is mounted on $elsewhere"

[ -n "$here" ] || forget_cached "$device"
signature_of "$device" || refuse DeviceMissing "$device cannot be read"
signature_tag() {
	printf '%s\n' "$signature_text" | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1
}
found_uuid=$(signature_tag UUID)
found_label=$(signature_tag LABEL)
[ "$signature $found_uuid" = "ocfs2 $uuid" ] ||
	refuse WrongFilesystem "$device holds ${signature:-no file system} ${found_uuid:-}, not OCFS2 $uuid"

# means_it SOURCE: SOURCE of /etc/fstab means this file system. Two file systems may have the same label, so a label
# counts only if this file system is mounted here.
means_it() {
	source_uuid=$(printf '%s' "$1" | sed -n 's|^UUID="*\([^"]*\)"*$|\1|p; s|^/dev/disk/by-uuid/||p' | tr A-F a-f)
	source_label=$(printf '%s' "$1" | sed -n 's|^LABEL="*\([^"]*\)"*$|\1|p; s|^/dev/disk/by-label/||p')
	[ "$1" = "$device" ] || [ "$source_uuid" = "$uuid" ] || { [ -n "$here" ] && [ -n "$source_label" ] && [ "$source_label" = "$found_label" ]; }
}

# The entry that mounts it at boot.
entry=$(fstab_entry "$point")
entry_source='' entry_options='' entry_owner=''
if [ -n "$entry" ]; then
	IFS='	' read -r entry_source entry_options entry_owner <<-END
		$entry
	END
	# A restored object has the same name and another uid.
	if [ "${entry_owner% *}" != "${owner% *}" ]; then
		means_it "$entry_source" || refuse MountPointInUse "/etc/fstab mounts $entry_source on $point"
	fi
fi
wanted_options=_netdev,noauto,x-systemd.requires=o2cb.service,$options

region=$(printf '%s' "$uuid" | tr -d - | tr 'a-f' 'A-F')
word=unchanged
if [ -z "$here" ]; then
	local_node=0
	for node in "$cluster_configfs/$cluster"/node/*; do
		{ read -r node_local <"$node/local"; } 2>/dev/null || continue
		[ "$node_local" != 1 ] || local_node=1
	done
	[ "$local_node" = 1 ] || refuse ClusterOffline "the cluster $cluster is not online on this host"

	if [ ! -e "$point" ]; then
		error=$(umask 022 && mkdir -p "$point" 2>&1) || refuse_write "$point" "$error"
	fi
	[ -d "$point" ] || refuse MountPointNotUsable "$point is not a directory"
	# Made immutable only if it is empty: nothing can be added afterwards.
	is_empty "$point" || refuse MountPointNotEmpty "$point is not empty: $(cd "$point" && for name in * .[!.]*; do [ ! -e "$name" ] || echo "$name"; done | head -n 3 | tr '\n' ' ')"
	# Files that a program writes while nothing is mounted would be hidden later. Not every file system has the flag.
	! have chattr || chattr +i "$point" 2>/dev/null || :
	is_empty "$point" || refuse MountPointNotEmpty "something was just written into $point"

	unheard_beat "$cluster_configfs/$cluster" "$device" "$region"
	[ -z "$unheard" ] ||
		refuse HeartbeatActive "node number $unheard writes a heartbeat to $device, and the kernel of this host would take that node for dead and replay its journal: unmount the file system there, or declare the node in the cluster"

	said=$(mount -t ocfs2 -o "_netdev,$options" "$device" "$point" 2>&1 </dev/null 9>&-) || :
	# mount may exit 0 without having mounted.
	mounted=
	while read -r _ _ mount_number mount_root mount_point mount_rest; do
		case "$mount_number $mount_root $mount_point ${mount_rest##* - }" in
		"$device_number / $point ocfs2 "*) mounted=yes ;;
		esac
	done </proc/self/mountinfo
	if [ -z "$mounted" ]; then
		kernel_said=$(dmesg 2>/dev/null | grep -E 'o2net|o2dlm|o2hb|ocfs2|OCFS2' | tail -n 3 | tr '\n' ' ' || :)
		refuse MountFailed "$(printf '%s' "$said" | tr '\n' ' ') The kernel: ${kernel_said:-nothing}"
	fi
	word=mounted
fi
# A local heartbeat is named after the file system, so the kernel itself reports what is mounted.
mode=local
{ read -r mode <"$cluster_configfs/$cluster/heartbeat/mode"; } 2>/dev/null || :
if [ "$mode" = local ] && [ ! -d "$cluster_configfs/$cluster/heartbeat/$region" ]; then
	refuse WrongFilesystem "$device is mounted on $point, but the kernel writes no heartbeat for $uuid in the cluster $cluster"
fi


# harmful_of OPTIONS: prints suid, dev and exec, each in its no… form if OPTIONS has that.
harmful_of() {
	harmful=
	for word_of in suid dev exec; do
		case ,$1, in *,no"$word_of",*) word_of=no$word_of ;; esac
		harmful=$harmful,$word_of
	done
	printf '%s' "${harmful#,}"
}
wanted_harmful=$(harmful_of "$options")
if [ "$word" = unchanged ] && [ "$(harmful_of "$here_options")" != "$wanted_harmful" ]; then
	kept=$(printf '%s' "$here_options" | tr , '\n' | grep -vxE '(no)?(suid|dev|exec)' | tr '\n' , || :)
	# bind changes only flags of the mount, not the file system; flags that are not named are cleared.
	said=$(mount -o "remount,bind,$kept$wanted_harmful" "$device" "$point" 2>&1 </dev/null 9>&-) || :
	now=
	while read -r _ _ mount_number mount_root mount_point mount_rest; do
		[ "$mount_number $mount_root $mount_point" != "$device_number / $point" ] || now=$(harmful_of "${mount_rest%% *}")
	done </proc/self/mountinfo
	[ "$now" = "$wanted_harmful" ] ||
		refuse MountFailed "$point is still mounted with $now instead of $wanted_harmful: $(printf '%s' "$said" | tr '\n' ' ')"
	word=remounted
fi

# Before the entry: one without a record mounts whatever is on its device.
recorded=
if [ "$(recorded_mount "$point")" != "$uuid" ]; then
	{
		mount_records_without "$point"
		echo "$uuid $point"
	} >"$run_dir/mount-records"
	replace_file "$mount_records" 644 <"$run_dir/mount-records"
	recorded=yes
fi
if [ "$entry" != "$device	$wanted_options	$owner" ]; then
	{
		fstab_without "$point"
		printf '# xensan: %s\n%s %s ocfs2 %s 0 0\n' "$owner" "$device" "$point" "$wanted_options"
	} >"$run_dir/fstab"
	fstab=$(resolve /etc/fstab 2>/dev/null || echo /etc/fstab)
	replace_file "$fstab" 644 <"$run_dir/fstab"
	find_init
	[ "$init" != systemd ] || systemctl daemon-reload 9>&- || :
	case $word,$entry_owner in
	mounted,* | remounted,"$owner") ;;
	*,"$owner") word=repaired ;;
	*) word=adopted ;;
	esac
fi
ensure_boot_order
[ -z "$order_changed$recorded" ] || [ "$word" != unchanged ] || word=repaired
finish "$word"
