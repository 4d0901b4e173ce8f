# include: export-record.sh
# Every vblade, configured or running.

probe_exports() {
	{
		if [ -d /run/systemd/system ]; then
			configured_instances || return 1
			echo later
		else
			configured_inittab || return 1
		fi
		running_vblades || return 1
	} >"$work/exports" || return 1
	: >"$work/served"
	awk -F '\t' -v served="$work/served" '
		function serves(path) { if (!(path in seen)) { seen[path] = 1; print path >served } }
		$1 == "later" { print "later\tunits"; next }
		{ print "exports\t" $0 }
		$1 == "conf" { serves($6) }
		$1 == "inittab" { for (i = 4; i <= NF; i++) if ($i ~ /^\//) serves($i) }
		$1 == "process" { for (i = 3; i <= NF; i++) if ($i ~ /^\//) serves($i) }' "$work/exports"
	paths exports served
	guard=no
	! guard_stands || guard=yes
	for record in "$exports_dir"/*; do
		[ -f "$record" ] || continue
		recorded_export "${record##*/}"
		[ -n "$recorded" ] || continue
		card_of "${recorded_card% *}"
		guarded=no
		[ "$recorded_card" != "${recorded_card% *} $card" ] || guarded=$guard
		row exports recorded "${record##*/}" "$recorded" "$guarded"
	done
}
