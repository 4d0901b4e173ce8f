# include: interface-card.sh
# A record for every export: $state_dir/exports/NAME contains the identity and the path of its backing, the owner, and
# the interface with the MAC address of its card. The guard compares backing and card before every start of a vblade. NAME is
# the vblade@ instance, or the id in inittab.
exports_dir=$state_dir/exports
guard_file=$state_dir/guard
guard_revision='# revision 2'

# recorded_export NAME: sets recorded and recorded_card, empty when nothing is recorded. Earlier releases recorded no card.
recorded_export() {
	recorded='' recorded_card=''
	[ -f "$exports_dir/$1" ] || return 0
	{ IFS= read -r recorded && IFS= read -r _ && IFS= read -r _ && IFS= read -r recorded_card; } <"$exports_dir/$1" || :
}

# guard_stands: this host has the guard of this release.
guard_stands() {
	guard_has=
	{ IFS= read -r _ && IFS= read -r guard_has; } 2>/dev/null <"$guard_file" && [ "$guard_has" = "$guard_revision" ]
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
