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

# word FILE: its first line in $value, empty when it cannot be read.
word() {
	value=
	{ IFS= read -r value <"$1"; } 2>/dev/null || :
}

# over SECTION EXIT: the line that ends a section. What it wrote to stderr says why it is unknown.
over() {
	case $2 in
	"$known") row end "$1" known 0 "" ;;
	"$absent") row end "$1" absent 0 "" ;;
	*)
		word "$work/$1.err"
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
# itself that it is over, also when the shell gives it up.
started=
start() {
	word "$run_dir/stuck.$1"
	if [ -n "$value" ] && [ "$(birth_of "${value% *}")" = "${value#* }" ]; then
		echo "still hanging since an earlier probe, process ${value% *}" >"$work/$1.err"
		over "$1" 1 >"$work/$1.out"
		: >"$work/$1.ended"
	else
		section_name=$1 section_code=2
		(
			trap 'over "$section_name" "$section_code"; : >"$work/$section_name.ended"' EXIT
			if "probe_$2" 2>"$work/$1.err"; then section_code=0; else section_code=$?; fi
		) >"$work/$1.out" 2>/dev/null </dev/null &
		echo $! >"$work/$1.pid"
	fi
	started="$started $1"
}

collect() {
	tries=0
	while :; do
		waiting=
		for name in $started; do
			[ -e "$work/$name.ended" ] || waiting="$waiting $name"
		done
		if [ -z "$waiting" ] || [ "$tries" -ge 240 ]; then break; fi
		tries=$((tries + 1))
		sleep 0.05 2>/dev/null || { sleep 1 && tries=$((tries + 20)); }
	done
	set --
	for name in $started; do
		case "$waiting " in
		*" $name "*)
			word "$work/$name.pid"
			pid=$value
			echo "$pid $(birth_of "$pid")" >"$run_dir/stuck.$name"
			echo "no answer within 12 seconds" >"$work/$name.err"
			over "$name" 124
			;;
		*)
			[ ! -e "$run_dir/stuck.$name" ] || rm -f "$run_dir/stuck.$name"
			set -- "$@" "$work/$name.out"
			;;
		esac
	done
	[ $# = 0 ] || cat "$@"
}
