# include: migration-runs.sh
# Migrations that were begun on this host, or recorded on it.

# awk function migrations(): prints the rows of what list_runs has found.
# shellcheck disable=SC2016
migration_words='
function migrations(   line, field, operation, state, said, text, path) {
	split("Sending Transferred Permission Succeeded", phase_name, " ")
	while ((getline line < (work "/runs")) > 0) {
		split(line, field, "\t")
		operation = field[1]; sub(/.*\//, "", operation)
		state = field[4]
		phase = troubles = 0
		trouble = last_said = ""
		path = field[1] ".log"
		while ((getline line < path) > 0) migration_line(line)
		close(path)
		said = phase ? phase_name[phase] : "Connecting"
		if (phase < 3 && state == "Ended") said = field[5] == "0" ? "Succeeded" : "Failed"
		text = said == "Failed" || (phase == 3 && state != "Running") ? trouble : last_said
		if (text == "") text = last_said
		text = substr(text, 1, 600)
		gsub(/\\/, "\\134", text); gsub(/\t/, "\\011", text); gsub(/\r/, "", text)
		printf "migrations\trun\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", operation, field[2], field[3], state, field[5], said, field[6], field[7], field[8], text == "" ? "-" : text
	}
	return 1
}
function migration_line(line) {
	if (line ~ /^migration target: Ready to receive domain/) reached(1)
	if (line ~ /^migration (target: Transfer complete|sender: Target has acknowledged transfer)/) reached(2)
	if (line ~ /^migration sender: Giving target permission to start/) reached(3)
	if (line ~ /^Migration successful/) reached(4)
	if (line ~ /^[ \t]*$/ || line ~ /Destruction of domain failed|Unable to destroy guest|Non-existant domain|not suspended: \(shutdown 0|xc_domain_resume failed|migration transport process|truncated reading ipc msg/) return
	last_said = line
	if (line ~ /rror|ailed|enied|refused|xensan: / && troubles < 4) trouble = trouble (troubles++ ? "; " : "") line
}
function reached(at) { if (at > phase) phase = at }
'

# list_runs: writes BASE UUID BOOTID STATE EXIT SINCE NOW TIME, with tabs, of every migration here to $work/runs.
list_runs() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
	for base in "$migrations_dir"/*; do
		case $base in *.log | *.pid | *.exit | *.sh | *.new | *.xensan-new) continue ;; esac
		[ -f "$base" ] || continue
		uuid='' begun='' since='' domid='' time=''
		{ read -r uuid begun since domid _ time <"$base"; } 2>/dev/null || :
		[ -n "$since" ] || continue
		code=- state=Lost
		word "$base.exit"
		if [ -n "$value" ]; then
			code=$value state=Ended
		elif [ "$domid" = - ]; then
			state=Recorded
		elif [ "$begun" = "$boot" ] && run_alive "$base"; then
			state=Running
		elif [ "$begun" = "$boot" ] && [ ! -e "$base.pid" ] && [ $((uptime - since)) -lt 20 ]; then
			# The migration is about to begin.
			state=Running
		elif [ "$begun" = "$boot" ]; then
			# It may have ended during this probe.
			word "$base.exit"
			[ -z "$value" ] || code=$value state=Ended
		fi
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$base" "$uuid" "$begun" "$state" "$code" "$since" "$uptime" "${time:--}"
	done >"$work/runs"
}

probe_migrations() {
	list_runs
	[ ! -s "$work/runs" ] || awk -v work="$work" "$migration_words"'BEGIN { migrations() }'
}
