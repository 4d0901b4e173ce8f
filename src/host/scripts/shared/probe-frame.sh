# include: lock.sh
# include: probe-rows.sh
# The frame of a probe: results kept for later probes, and a deadline for the sections that could hang. Needs $work.

# begin_keeping NAME: begins a reading whose result may be kept. Call it first, so that a change during the reading is
# newer.
begin_keeping() {
	read -r keeping_mark _ </proc/uptime
	keeping_mark="$keeping_mark $$"
	echo "$keeping_mark" >"$run_dir/$1.since"
}

# keep NAME TEXT: keeps TEXT for later probes, until the next boot.
keep() {
	printf '%s\n%s\nend\n' "$keeping_mark" "$2" >"$run_dir/$1"
}

# kept NAME SOURCE…: sets kept_text to what was kept if all these files and directories are older than that reading;
# fails otherwise. If the mark is newer than this probe, the clock was changed.
kept() {
	kept_name=$1 kept_text=
	shift
	for kept_source; do
		# shellcheck disable=SC3013
		[ "$run_dir/$kept_name.since" -nt "$kept_source" ] || return 1
	done
	# shellcheck disable=SC3013
	[ ! "$run_dir/$kept_name.since" -nt "$work" ] || return 1
	word "$run_dir/$kept_name.since"
	{
		IFS= read -r kept_line && [ "$kept_line" = "$value" ] || return 1
		while IFS= read -r kept_line; do
			[ "$kept_line" != end ] || return 0
			kept_text=$kept_text${kept_text:+
}$kept_line
		done
	} 2>/dev/null <"$run_dir/$kept_name"
	return 1
}

# start PART SECTION=FUNCTION…: runs sections that could hang on the same thing, one after the other, in parallel with
# other parts; the section that is most likely to hang comes last. They are abandoned at the deadline. Each section
# prints its own end, even if the shell abandons the part. Variables that begin with part_ are reserved for parts.
# $started contains PART=PID of each part.
started=''
start() {
	begin_timer
	part_name=$1
	shift
	part_left=''
	for part_section; do part_left="$part_left ${part_section%%=*}"; done
	echo "$part_left" >"$work/$part_name.sections"
	part_code=2
	(
		trap part_over EXIT
		run_part "$@"
	) >"$work/$part_name.out" 2>/dev/null </dev/null &
	started="$started $part_name=$!"
}

# run_part SECTION=FUNCTION…
run_part() {
	for part_section; do
		# $work is gone: the part hung until after the end of the probe.
		[ -d "$work" ] || exit
		part_code=2
		if still_hanging "${part_section%%=*}"; then
			part_code=1
		elif "probe_${part_section#*=}" 2>"$work/${part_section%%=*}.err"; then
			part_code=0
		else
			part_code=$?
		fi
		section_over "${part_section%%=*}"
	done
}

# section_over SECTION: prints the end of a section of this part.
section_over() {
	over "$1" "$part_code"
	part_left=${part_left#" $1"}
	part_code=2
}

# part_over: prints the end of the remaining sections if the shell abandons the part.
part_over() {
	for part_section in $part_left; do section_over "$part_section"; done
	: >"$work/$part_name.over"
}

# still_hanging SECTION: it has been hanging since an earlier probe; writes this to its .err.
still_hanging() {
	[ -f "$run_dir/stuck.$1" ] || return 1
	if work_alive "$run_dir/stuck.$1"; then
		echo "process $worker_pid of an earlier probe still hangs" >"$work/$1.err"
		return 0
	fi
	rm -f "$run_dir/stuck.$1"
	return 1
}

collect() {
	late=
	: >"$work/collecting"
	for part_name in $started; do
		[ -n "$late" ] || wait "${part_name#*=}" || :
		# A part that was killed has not written this file.
		[ -n "$late" ] || : >"$work/${part_name%=*}.over"
	done
	trap '' USR1
	[ -z "$timer" ] || kill "$timer" 2>/dev/null || :
	set --
	for part_name in $started; do
		pid=${part_name#*=} hanging=
		part_name=${part_name%=*}
		if [ -e "$work/$part_name.over" ]; then
			set -- "$@" "$work/$part_name.out"
			continue
		fi
		# Its complete lines so far: the part may continue, and each section must end only once.
		while IFS= read -r line; do printf '%s\n' "$line"; done <"$work/$part_name.out" >"$work/$part_name.late"
		word "$work/$part_name.sections"
		for part_section in $value; do
			! grep -q "^end	$part_section	" "$work/$part_name.late" || continue
			if [ -z "$hanging" ]; then
				hanging=$part_section
				echo "$pid $(birth_of "$pid")" >"$run_dir/stuck.$part_section"
				echo "no answer within $deadline seconds" >"$work/$part_section.err"
			else
				echo "not reached: $hanging did not answer within $deadline seconds" >"$work/$part_section.err"
			fi
			over "$part_section" 124 >>"$work/$part_name.late"
		done
		set -- "$@" "$work/$part_name.late"
	done
	# The limited commands are no longer needed, and the timer has ended.
	[ -z "$late" ] || end_overdue 999999999
	[ $# = 0 ] || tell "$@"
}

# The timer of this probe ends limited commands that take too long and signals the deadline of the parts. The deadline
# counts from when everything else is done, so that a host that is only slow has enough time.
deadline=20
tick=4
timer=
begin_timer() {
	[ -z "$timer" ] || return 0
	trap deadline_over USR1
	# The pid of this shell: $$ differs if this script runs inside another one.
	read -r look _ </proc/self/stat
	find_birth "$look"
	look_birth=$birth
	(
		nap=
		trap 'kill "$nap"; exit' TERM
		left=$deadline
		while :; do
			taken=0
			[ ! -e "$work/collecting" ] || taken=$tick
			sleep "$tick" &
			nap=$!
			wait "$nap" || exit
			still_running "$look" "$look_birth" || exit
			read -r uptime _ </proc/uptime
			end_overdue "${uptime%.*}"
			left=$((left - taken))
			[ "$left" -gt 0 ] || break
		done
		# Sends it repeatedly: a signal that arrives just before the probe begins to wait does not end the wait.
		while still_running "$look" "$look_birth" && kill -USR1 "$look"; do
			sleep 1 &
			nap=$!
			wait "$nap" || exit
		done
	) >/dev/null 2>&1 </dev/null &
	timer=$!
}

deadline_over() { late=yes; }

# begin_limited SECONDS COMMAND…: starts COMMAND and sets limited_pid; the caller waits for it. Call it after
# begin_timer.
begin_limited() {
	limited_seconds=$1
	shift
	"$@" &
	limited_pid=$!
	find_birth "$limited_pid"
	read -r limited_since _ </proc/uptime
	echo "$limited_pid ${birth:-none} ${limited_since%.*} $limited_seconds" >"$work/limited.$limited_pid"
}

# limited SECONDS COMMAND…: as timeout(1), without an extra process for each command. Call it after begin_timer.
limited() {
	begin_limited "$@"
	limited_code=0
	# Without the redirection, the shell would print a message if the command was killed.
	wait "$limited_pid" 2>/dev/null || limited_code=$?
	return "$limited_code"
}

# end_overdue UPTIME: ends limited commands whose time limit has passed at UPTIME.
end_overdue() {
	for overdue_file in "$work"/limited.*; do
		read -r overdue_pid overdue_birth overdue_since overdue_seconds <"$overdue_file" || continue
		[ $(($1 - overdue_since)) -ge "$overdue_seconds" ] || continue
		! still_running "$overdue_pid" "$overdue_birth" || kill "$overdue_pid" || :
	done 2>/dev/null
}
