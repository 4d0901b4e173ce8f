# include: export-record.sh
# Records whose export is no longer configured.

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
