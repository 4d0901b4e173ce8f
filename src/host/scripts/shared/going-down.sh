# going_down: whether the host is about to halt or reboot, according to its init. /run/nologin is no proof: shutdown(8)
# writes it minutes before, and so does a boot.
going_down() {
	if [ -d /run/systemd/system ]; then
		# systemd reports this from the request on; its exit code is 1 for every state but running.
		going_file=$run_dir/going-down.$$ going_state=
		limited 8 systemctl is-system-running >"$going_file" 2>/dev/null </dev/null || :
		read -r going_state <"$going_file" || :
		rm -f "$going_file"
		[ "$going_state" = stopping ]
	elif have runlevel; then
		# The previous runlevel, and the one that init changes to.
		case $(runlevel 2>/dev/null </dev/null || :) in *' 0' | *' 6') return 0 ;; *) return 1 ;; esac
	else
		return 1
	fi
}
