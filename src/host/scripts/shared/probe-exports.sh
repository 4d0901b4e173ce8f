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
			awk "$escape_fields"'
				/^Id=/ { id = substr($0, 4) }
				/^ActiveState=/ { active = substr($0, 13) }
				/^SubState=/ { substate = substr($0, 10) }
				/^MainPID=/ { pid = substr($0, 9) }
				/^$/ { flush() }
				END { flush() }
				function flush(   name, at) {
					if (id == "") return
					name = id; sub(/^vblade@/, "", name); sub(/\.service$/, "", name); gsub(/-/, "/", name)
					while ((at = match(name, /\\x[0-9a-f][0-9a-f]/)) > 0)
						name = substr(name, 1, at - 1) sprintf("%c", hex(substr(name, at + 2, 2))) substr(name, at + 4)
					print "unit\t" esc(name) "\t" active "\t" substate "\t" pid
					id = ""
				}' "$work/units"
		else
			configured_inittab || return 1
		fi
		running_vblades || return 1
	} >"$work/exports" || return 1
	: >"$work/serves"
	awk -F '\t' -v serves="$work/serves" '
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
