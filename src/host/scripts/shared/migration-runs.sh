# Migrations that were begun or recorded on this host. /var/lib/xensan/migrations/OPERATION contains `UUID BOOTID
# UPTIME DOMID ADDRESS TIME`. DOMID and ADDRESS are - if the host was the target, or if the domain was shut down and
# started; TIME is when the migration began, by the operator's clock. Next to it are OPERATION.log (xl's output),
# OPERATION.pid (`PID BIRTH` of the wrapper, `PID BIRTH` of xl) and, after the end, OPERATION.exit.
migrations_dir=$state_dir/migrations

# run_alive BASE: its wrapper runs.
run_alive() {
	run_pid='' run_birth='' run_sender='' run_sender_birth=''
	{ read -r run_pid run_birth run_sender run_sender_birth <"$1.pid"; } 2>/dev/null || return 1
	still_running "$run_pid" "$run_birth"
}

# prune_runs: keeps the latest fifty that ended and the latest fifty that were only recorded.
prune_runs() {
	mkdir -p "$migrations_dir"
	ended=0 others=0
	# shellcheck disable=SC2012
	ls -t "$migrations_dir" 2>/dev/null | while IFS= read -r old; do
		case $old in *.*) continue ;; esac
		if [ -e "$migrations_dir/$old.exit" ]; then
			ended=$((ended + 1))
			[ "$ended" -gt 50 ] || continue
		elif [ ! -e "$migrations_dir/$old.pid" ]; then
			others=$((others + 1))
			[ "$others" -gt 50 ] || continue
		else
			continue
		fi
		rm -f "$migrations_dir/$old" "$migrations_dir/$old".log "$migrations_dir/$old".pid "$migrations_dir/$old".exit "$migrations_dir/$old".sh
	done
}
