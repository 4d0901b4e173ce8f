# include: atomic.sh
# include: backing-identity.sh
# A record for every export: $state_dir/exports/NAME contains the identity and the path of its backing, and the owner.
# The guard compares the identity before every start of a vblade. NAME is the vblade@ instance, or the id in inittab.
exports_dir=$state_dir/exports
guard_file=$state_dir/guard
guard_dropin=/etc/systemd/system/vblade@.service.d/xensan.conf

# require_named ASKED GLOB…: sets backing_durable. After a reboot, a disk without an identity cannot be distinguished
# from another disk of its size, so the owner of the host must list it by its exact name. Call it after
# require_backing.
require_named() {
	named_asked=$1
	shift
	backing_durable=$(backing_identity_of "$named_asked")
	[ -n "$backing_durable" ] || refuse BackingMissing "$named_asked vanished"
	case $backing_durable in unnamed:* | part:*@unnamed:*) ;; *) return 0 ;; esac
	for named_glob; do
		if [ "$named_glob" = "$named_asked" ]; then return 0; fi
	done
	refuse BackingNotUsable "$named_asked has neither a serial number nor a WWN: after a reboot it cannot be told from another disk of its size. List it by its exact name in allowedBackings to serve it anyway"
}

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

# unconfigured_records OWNER: prints the names of the records of this owner, whatever its uid, whose export is no longer
# configured. Call it after read_exports.
unconfigured_records() {
	for unconfigured in "$exports_dir"/*; do
		case $unconfigured in *.xensan-new) continue ;; esac
		unconfigured_owner=
		{ IFS= read -r _ && IFS= read -r _ && IFS= read -r unconfigured_owner; } 2>/dev/null <"$unconfigured" || continue
		[ "${unconfigured_owner%% *}" = "${1%% *}" ] || continue
		unconfigured=${unconfigured##*/}
		awk -F '\t' -v name="$unconfigured" '$1 != "process" && $2 == name { found = 1 } END { exit found }' "$run_dir/exports.list" || continue
		printf '%s\n' "$unconfigured"
	done
}

# forget_unconfigured OWNER NAME: removes these records, but not that of NAME.
forget_unconfigured() {
	for unconfigured in $(unconfigured_records "$1"); do
		[ "$unconfigured" = "$2" ] || forget_export "$unconfigured"
	done
}

# forget_export NAME
forget_export() {
	rm -f "$exports_dir/$1"
}

# ensure_guard: installs the guard, and makes systemd run it before every vblade.
ensure_guard() {
	guard_wanted=$run_dir/guard.$$
	cat >"$guard_wanted" <<'GUARD'
# embed: guard.sh
GUARD
	if [ ! -f "$guard_file" ] || ! cmp -s "$guard_wanted" "$guard_file"; then
		replace_file "$guard_file" 755 <"$guard_wanted"
	fi
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
