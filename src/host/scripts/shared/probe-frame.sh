# include: lock.sh
# How a probe is put together: rows, sections that stand alone, and a deadline for those that could hang. Needs $work.
known=0
absent=9

row() {
	printf '%s' "$1"
	shift
	for field; do printf '\t%s' "$field"; done
	printf '\n'
}

# begin_keeping NAME: what is read from now on may be kept. It begins here: a change that comes meanwhile is younger.
begin_keeping() {
	read -r keeping_mark _ </proc/uptime
	keeping_mark="$keeping_mark $$"
	echo "$keeping_mark" >"$run_dir/$1.since"
}

# keep NAME TEXT: for later looks, until a boot.
keep() {
	printf '%s\n%s\nend\n' "$keeping_mark" "$2" >"$run_dir/$1"
}

# kept NAME SOURCE…: sets kept_text to what was kept when every one of these files and directories is older than the reading of it;
# fails otherwise. A mark that is younger than this look was made under another clock.
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

# word FILE: its first line in $value, empty when it cannot be read.
word() {
	value=
	{ IFS= read -r value <"$1"; } 2>/dev/null || :
}

# over SECTION EXIT [NAME]: the line that ends a section. What it, or NAME, wrote to stderr says why it is unknown.
over() {
	case $2 in
	"$known") row end "$1" known 0 "" ;;
	"$absent") row end "$1" absent 0 "" ;;
	*)
		word "$work/${3:-$1}.err"
		row end "$1" unknown "$2" "$(printf '%.300s' "${value:-exit code $2}" | tr '\t' ' ')"
		;;
	esac
}

# section SECTION FUNCTION: in this very shell, so the variables of all of them are one set.
section() {
	section_code=0
	"probe_$2" 2>"$work/$1.err" || section_code=$?
	over "$1" "$section_code"
}

# start PART SECTION=FUNCTION…: sections that could hang on the same thing, one after the other, beside all others; what hangs most
# likely stands last. They are left behind at the deadline. Each says itself that it is over, also when the shell gives the part
# up. Variables that begin with part_ are nobody else's. $started: PART=PID of each.
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
		# What hung until nobody waits for it any more.
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

# section_over SECTION: of this part.
section_over() {
	over "$1" "$part_code"
	part_left=${part_left#" $1"}
	part_code=2
}

# part_over: the shell has given up what is left.
part_over() {
	for part_section in $part_left; do section_over "$part_section"; done
	: >"$work/$part_name.over"
}

# still_hanging SECTION: since an earlier probe; says so in its .err.
still_hanging() {
	[ -f "$run_dir/stuck.$1" ] || return 1
	if work_alive "$run_dir/stuck.$1"; then
		echo "still hanging since an earlier probe, process $worker_pid" >"$work/$1.err"
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
		# Ended by force it has not said so.
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
		# What it has said so far, in whole lines: it may go on, and each section ends once.
		while IFS= read -r line; do printf '%s\n' "$line"; done <"$work/$part_name.out" >"$work/$part_name.late"
		word "$work/$part_name.sections"
		for part_section in $value; do
			! grep -q "^end	$part_section	" "$work/$part_name.late" || continue
			if [ -z "$hanging" ]; then
				hanging=$part_section
				echo "$pid $(birth_of "$pid")" >"$run_dir/stuck.$part_section"
				echo "no answer within $deadline seconds" >"$work/$part_section.err"
			else
				echo "not reached: $hanging gave no answer within $deadline seconds" >"$work/$part_section.err"
			fi
			over "$part_section" 124 >>"$work/$part_name.late"
		done
		set -- "$@" "$work/$part_name.late"
	done
	# Nobody waits any longer for what is limited; the timer has ended.
	[ -z "$late" ] || end_overdue 999999999
	[ $# = 0 ] || tell "$@"
}

# The timer of this look: it ends what was limited and takes longer, and says when the deadline of the parts is over. That one is
# counted from when everything else is done: a host that is only slow has had that long already.
deadline=20
tick=4
timer=
begin_timer() {
	[ -z "$timer" ] || return 0
	trap deadline_over USR1
	# The pid of this very shell: a script may be the part of another one, whose pid $$ is.
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
		# Again and again: one that comes just before the look begins to wait does not end its waiting.
		while still_running "$look" "$look_birth" && kill -USR1 "$look"; do
			sleep 1 &
			nap=$!
			wait "$nap" || exit
		done
	) >/dev/null 2>&1 </dev/null &
	timer=$!
}

deadline_over() { late=yes; }

# begin_limited SECONDS COMMAND…: sets limited_pid, to be waited for. After begin_timer.
begin_limited() {
	limited_seconds=$1
	shift
	"$@" &
	limited_pid=$!
	find_birth "$limited_pid"
	read -r limited_since _ </proc/uptime
	echo "$limited_pid ${birth:-none} ${limited_since%.*} $limited_seconds" >"$work/limited.$limited_pid"
}

# limited SECONDS COMMAND…: without a process of its own for each command. After begin_timer.
limited() {
	begin_limited "$@"
	limited_code=0
	# Where it was ended the shell would say so.
	wait "$limited_pid" 2>/dev/null || limited_code=$?
	return "$limited_code"
}

# end_overdue UPTIME: ends what is limited and has had its time by then.
end_overdue() {
	for overdue_file in "$work"/limited.*; do
		read -r overdue_pid overdue_birth overdue_since overdue_seconds <"$overdue_file" || continue
		[ $(($1 - overdue_since)) -ge "$overdue_seconds" ] || continue
		! still_running "$overdue_pid" "$overdue_birth" || kill "$overdue_pid" || :
	done 2>/dev/null
}
