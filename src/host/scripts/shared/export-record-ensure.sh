# include: atomic.sh
# include: backing-identity.sh
# include: export-record.sh
# Writes what export-record.sh reads, and the guard that compares it.
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

# record_export NAME IDENTITY PATH OWNER CARD
record_export() {
	printf '%s\n%s\n%s\n%s\n' "$2" "$3" "$4" "$5" | replace_file "$exports_dir/$1" 600
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
