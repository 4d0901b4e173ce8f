# Every vblade, configured or running.

probe_exports() {
	{
		if [ -d /run/systemd/system ]; then
			configured_instances || return 1
			limited 10 systemctl show --no-pager --property=Id,ActiveState,SubState,MainPID 'vblade@*.service' </dev/null \
				>"$work/units" || {
				echo "systemctl gave no answer within 10 seconds, or failed" >&2
				return 1
			}
			echo later
		else
			configured_inittab || return 1
		fi
		running_vblades || return 1
	} >"$work/exports" || return 1
	: >"$work/serves"
	awk -F '\t' -v serves="$work/serves" '
		$1 == "later" { print "later\tunits"; next }
		{ print "exports\t" $0 }
		$1 == "conf" { print $6 >serves }
		$1 == "inittab" { for (i = 4; i <= NF; i++) if ($i ~ /^\//) print $i >serves }
		$1 == "process" { for (i = 3; i <= NF; i++) if ($i ~ /^\//) print $i >serves }' "$work/exports"
	sort -u "$work/serves" >"$work/served"
	paths exports "$work/served" || return 1
	for record in "$state_dir"/exports/*; do
		[ -f "$record" ] || continue
		{ IFS= read -r identity; } <"$record" || continue
		row exports recorded "${record##*/}" "$identity"
	done
}

# awk function: units() prints what systemctl said of the instances of vblade.
# shellcheck disable=SC2016
unit_words='
function units(   line, property) {
	while ((getline line < (work "/units")) > 0) {
		if (line == "") { unit_row(property); split("", property) }
		else property[substr(line, 1, index(line, "=") - 1)] = substr(line, index(line, "=") + 1)
	}
	unit_row(property)
}
function unit_row(property,   name, at) {
	if (property["Id"] == "") return
	name = property["Id"]; sub(/^vblade@/, "", name); sub(/\.service$/, "", name); gsub(/-/, "/", name)
	while ((at = match(name, /\\x[0-9a-f][0-9a-f]/)) > 0)
		name = substr(name, 1, at - 1) sprintf("%c", hex(substr(name, at + 2, 2))) substr(name, at + 4)
	print "exports\tunit\t" esc(name) "\t" property["ActiveState"] "\t" property["SubState"] "\t" property["MainPID"]
}
'
