# Records of the formats that this host began: one file per UUID in /var/lib/xensan/formats, never removed.
#   line 1 device, line 2 owner, line 3 `began BOOTID PID BIRTH` and, after the end, line 4 `done`
# To format again after an interruption, an administrator checks the device and removes the record by hand.

# format_state FILE: sets record_state (Running, Interrupted or Done), record_device and record_owner.
format_state() {
	record_device='' record_owner='' record_word='' record_boot='' record_pid='' record_birth='' record_end=''
	{
		IFS= read -r record_device
		IFS= read -r record_owner
		read -r record_word record_boot record_pid record_birth
		IFS= read -r record_end
	} 2>/dev/null <"$1" || :
	read -r record_boot_now </proc/sys/kernel/random/boot_id
	record_state=Interrupted
	if [ "$record_end" = "done" ]; then
		record_state=Done
	elif [ "$record_word $record_boot" = "began $record_boot_now" ] && [ -n "$record_birth" ] && [ "$(born "$record_pid")" = "$record_birth" ]; then
		record_state=Running
	fi
}

# born PID: prints when the process started, in clock ticks; nothing if it does not exist or is a zombie.
born() {
	{ read -r born_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	# shellcheck disable=SC2086
	set -- ${born_stat##*) }
	[ "$1" = Z ] || echo "${20}"
}

# format_records: prints UUID DEVICE STATE OWNER, one a line, separated by tabs.
format_records() {
	for record_file in "$state_dir"/formats/*; do
		case ${record_file##*/} in *[!0-9a-f-]*) continue ;; esac
		[ -f "$record_file" ] || continue
		format_state "$record_file"
		printf '%s\t%s\t%s\t%s\n' "${record_file##*/}" "${record_device:--}" "$record_state" "${record_owner:--}"
	done
}
