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

# Sections that could hang on a dead device or mount run beside the others and are left behind at the deadline. Each says
# itself that it is over, also when the shell gives it up; a pipe tells so without anybody asking again and again.
started=''
start() {
	started="$started $1"
	word "$run_dir/stuck.$1"
	if [ -n "$value" ] && [ "$(birth_of "${value% *}")" = "${value#* }" ]; then
		echo "still hanging since an earlier probe, process ${value% *}" >"$work/$1.err"
		over "$1" 1 >"$work/$1.out"
		: >"$work/$1.ended"
		return 0
	fi
	[ -z "$value" ] || rm -f "$run_dir/stuck.$1"
	if [ ! -p "$work/ends" ]; then
		mkfifo "$work/ends"
		# Both ends are open here: none waits for the other.
		exec 7<>"$work/ends"
	fi
	section_name=$1 section_code=2
	(
		trap 'over "$section_name" "$section_code"; : >"$work/$section_name.ended"; echo "$section_name" >&7' EXIT
		if "probe_$2" 2>"$work/$1.err"; then section_code=0; else section_code=$?; fi
	) >"$work/$1.out" 2>/dev/null </dev/null &
	echo $! >"$work/$1.pid"
}

collect() {
	timer=
	for name in $started; do
		while [ ! -e "$work/$name.ended" ]; do
			[ -n "$timer" ] || begin_timer
			IFS= read -r ended <&7
			[ "$ended" != deadline ] || break 2
		done
	done
	[ -z "$timer" ] || kill "$timer" 2>/dev/null || :
	set --
	for name in $started; do
		if [ -e "$work/$name.ended" ]; then
			set -- "$@" "$work/$name.out"
			continue
		fi
		word "$work/$name.pid"
		pid=$value
		echo "$pid $(birth_of "$pid")" >"$run_dir/stuck.$name"
		echo "no answer within $deadline seconds" >"$work/$name.err"
		over "$name" 124
	done
	[ $# = 0 ] || cat "$@"
}

# Counted from when everything else is done: a host that is only slow has had that long already.
deadline=20
begin_timer() {
	(
		sleep "$deadline" &
		nap=$!
		trap 'kill "$nap"' TERM
		wait "$nap" && echo deadline >&7
	) >/dev/null 2>&1 </dev/null &
	timer=$!
}
