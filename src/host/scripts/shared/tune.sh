# Changes an OCFS2 with tunefs.ocfs2. The exit codes are only hints: what counts is the superblock afterwards.

# tune_arguments DEVICE UUID: sets device, uuid, device_size and what read_superblock sets; takes the lock.
tune_arguments() {
	device=$1 uuid=$2
	for tune_tool in tunefs.ocfs2 debugfs.ocfs2; do have "$tune_tool" || refuse OcfsToolsMissing "$tune_tool is not installed"; done
	# libo2cb forks to run modprobe; if that fails, the child continues as a second tunefs.ocfs2.
	/sbin/modprobe --version >/dev/null 2>&1 || refuse ToolMissing "/sbin/modprobe does not run, and ocfs2-tools are not safe without it"
	device_facts "$device" || refuse DeviceMissing "$device is not a block device"
	require_alive "$device"
	take_lock format 60
	read_superblock
}

# read_superblock: sets fs_slots, fs_bytes and fs_cluster (bytes of one).
read_superblock() {
	mkdir -p "$run_dir"
	superblock_rows "$device" | grep '^ocfs2' >"$run_dir/superblock" || :
	fs_uuid=
	IFS='	' read -r _ fs_uuid _ _ _ _ fs_slots fs_bytes _ fs_cluster <"$run_dir/superblock" || :
	[ "$fs_uuid" = "$uuid" ] || refuse WrongFilesystem "$device holds ${fs_uuid:-no OCFS2}, not $uuid"
}

# tune ARGUMENTS…: sets tune_said and tune_code.
tune() {
	tune_code=0
	tune_said=$(tunefs.ocfs2 "$@" 2>&1 </dev/null 9>&-) || tune_code=$?
	tune_said=$(printf '%s' "$tune_said" | tr '\n' ' ')
}
