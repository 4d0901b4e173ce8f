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
	for record in "$state_dir"/exports/*; do
		[ -f "$record" ] || continue
		{ IFS= read -r identity; } <"$record" || continue
		row exports recorded "${record##*/}" "$identity"
	done
}
