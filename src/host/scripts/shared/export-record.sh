# include: atomic.sh
# include: backing-identity.sh
# What every export serves, recorded beside its configuration: $state_dir/exports/NAME holds IDENTITY, PATH, OWNER. The guard
# compares it before every start of a vblade. NAME is the vblade@ instance, or the id in inittab.
exports_dir=$state_dir/exports
guard_file=$state_dir/guard
guard_dropin=/etc/systemd/system/vblade@.service.d/xensan.conf

# recorded_identity NAME: sets recorded; empty when nothing is recorded.
recorded_identity() {
	recorded=
	[ -f "$exports_dir/$1" ] || return 0
	{ IFS= read -r recorded; } <"$exports_dir/$1" || :
}

# record_export NAME IDENTITY PATH OWNER
record_export() {
	printf '%s\n%s\n%s\n' "$2" "$3" "$4" | replace_file "$exports_dir/$1" 600
}

# is_guarded ID: its line in inittab runs the guard.
is_guarded() {
	grep -q "^$1:[^:#]*:[^:]*:/bin/sh $guard_file $1 " /etc/inittab
}

# forget_export NAME
forget_export() {
	rm -f "$exports_dir/$1"
}

# ensure_guard: the guard is there, and systemd runs it before every vblade.
ensure_guard() {
	guard_wanted=$run_dir/guard.$$
	cat >"$guard_wanted" <<'GUARD'
# embed: guard.sh
GUARD
	[ -f "$guard_file" ] && cmp -s "$guard_wanted" "$guard_file" || replace_file "$guard_file" 755 <"$guard_wanted"
	rm -f "$guard_wanted"
	[ "$init" = systemd ] || return 0
	guard_line="ExecStartPre=/bin/sh $guard_file %I"
	! grep -qsxF "$guard_line" "$guard_dropin" || return 0
	{
		echo "# vblade opens a backing only when it is the one that was recorded for it."
		echo "[Service]"
		echo "$guard_line"
	} | replace_file "$guard_dropin" 644
	systemctl daemon-reload 9>&-
}
