# Migrations that were begun on this host: /var/lib/xensan/migrations/OPERATION holds `UUID BOOTID UPTIME DOMID ADDRESS`;
# beside it OPERATION.log (what xl says), OPERATION.pid (`PID BIRTH` of the wrapper, `PID BIRTH` of xl) and, at the end,
# OPERATION.exit.
migrations_dir=$state_dir/migrations

# run_alive BASE: its wrapper runs.
run_alive() {
	run_pid='' run_birth='' run_sender='' run_sender_birth=''
	{ read -r run_pid run_birth run_sender run_sender_birth <"$1.pid"; } 2>/dev/null || return 1
	[ -n "$run_pid" ] && [ "$(birth_of "$run_pid")" = "$run_birth" ]
}
