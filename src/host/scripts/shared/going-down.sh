# going_down: the host is about to halt or reboot, according to its init. /run/nologin does not prove this: shutdown(8)
# creates it minutes before, and a boot creates it too.
going_down() {
	if [ -d /run/systemd/system ]; then
		# systemd reports stopping as soon as a shutdown is requested; the exit code is 1 for every state but running.
		going_file=$run_dir/going-down.$$ going_state=
		limited 8 systemctl is-system-running >"$going_file" 2>/dev/null </dev/null || :
		read -r going_state <"$going_file" || :
		rm -f "$going_file"
		[ "$going_state" = stopping ]
	elif have runlevel; then
		# runlevel prints the previous runlevel and the one that init changes to.
		case $(runlevel 2>/dev/null </dev/null || :) in *' 0' | *' 6') return 0 ;; *) return 1 ;; esac
	else
		return 1
	fi
}
