# systemd's state of the units that a probe covers: queried once, in parallel with everything else.

# ask_units: writes the answer to $work/units; call await_units before reading it in a shell. Call it after
# begin_timer.
ask_units() {
	units_pid=
	[ -d /run/systemd/system ] || return 0
	set -- shutdown.target
	case $roles in *,server,*) set -- "$@" 'vblade@*.service' ;; esac
	case $roles in *,client,*)
		set -- "$@" xencommons.service xen.service xendomains.service xen-watchdog.service xenwatchdogd.service
		;;
	esac
	begin_limited 10 systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,MainPID,Job "$@" >"$work/units" \
		2>/dev/null </dev/null
	units_pid=$limited_pid
}

# await_units: waits for the answer; if there is none, $work/units-unknown says why.
await_units() {
	[ -n "$units_pid" ] || return 0
	wait "$units_pid" 2>/dev/null || echo "systemctl did not answer within 10 seconds or failed" >"$work/units-unknown"
	units_pid=
}

# stopping_units: systemd is shutting down. As in its manager_state(), shutdown.target is then active or has a job; its
# block is the first.
stopping_units() {
	[ ! -e "$work/units-unknown" ] || return 1
	while IFS= read -r line && [ -n "$line" ]; do
		case $line in ActiveState=active | ActiveState=activating | ActiveState=reloading | Job=[1-9]*) return 0 ;; esac
	done <"$work/units"
	return 1
}

# awk functions, after $escape_fields, on systemctl's output. units() prints the instances of vblade, services() those
# of Xen.
# shellcheck disable=SC2016
unit_words='
# read_units: reads the properties of each unit, which are in any order; an empty line ends a unit.
function read_units(   line, property, at) {
	if (units_read++) return
	while ((getline line < (work "/units")) > 0) {
		if (line == "") { keep_unit(property); split("", property) }
		else { at = index(line, "="); property[substr(line, 1, at - 1)] = substr(line, at + 1) }
	}
	keep_unit(property)
}
function keep_unit(property,   id) {
	if ((id = property["Id"]) == "") return
	unit_ids[++unit_count] = id
	unit_active[id] = property["ActiveState"]
	unit_sub[id] = property["SubState"]
	unit_main[id] = property["MainPID"]
	unit_loaded[id] = property["LoadState"]
}
function units(   i, id, name, at) {
	read_units()
	for (i = 1; i <= unit_count; i++) {
		id = name = unit_ids[i]
		if (!sub(/^vblade@/, "", name)) continue
		sub(/\.service$/, "", name); gsub(/-/, "/", name)
		while ((at = match(name, /\\x[0-9a-f][0-9a-f]/)) > 0)
			name = substr(name, 1, at - 1) sprintf("%c", hex(substr(name, at + 2, 2))) substr(name, at + 4)
		print "exports\tunit\t" esc(name) "\t" unit_active[id] "\t" unit_sub[id] "\t" unit_main[id]
	}
}
# service_state: the most informative state of several units for the same service. Not all of them exist on each host.
function service_state(ids,   id, count, i, rank, best) {
	count = split(ids, id, " ")
	for (i = 1; i <= count; i++) {
		rank = unit_loaded[id[i]] ~ /^(not-found|masked)?$/ ? 0 : unit_active[id[i]] == "active" ? 2 : 1
		if (rank > best) best = rank
	}
	return best == 2 ? "active" : best == 1 ? "inactive" : "missing"
}
function services() {
	read_units()
	# Debian names xen what others name xencommons.
	print "toolstack\tservice\txencommons\t" service_state("xencommons.service xen.service")
	print "toolstack\tservice\txendomains\t" service_state("xendomains.service")
	print "toolstack\tservice\twatchdog\t" service_state("xen-watchdog.service xenwatchdogd.service")
}
'
