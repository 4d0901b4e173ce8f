# going_down: the host is on its way to a halt or a reboot, as its init says. /run/nologin tells less: shutdown(8) writes it
# minutes before, and so does a boot.
going_down() {
	if [ -d /run/systemd/system ]; then
		# systemd says so from the moment somebody asks for it; its exit code is 1 for every state but running.
		going_file=$run_dir/going-down.$$ going_state=
		limited 8 systemctl is-system-running >"$going_file" 2>/dev/null </dev/null || :
		read -r going_state <"$going_file" || :
		rm -f "$going_file"
		[ "$going_state" = stopping ]
	elif have runlevel; then
		# The level before, and the one that init goes to.
		case $(runlevel 2>/dev/null </dev/null || :) in *' 0' | *' 6') return 0 ;; *) return 1 ;; esac
	else
		return 1
	fi
}
