# include: lock.sh
# The rows of a probe and the sections that they form. Sections keep their files in the directory $work.
known=0
absent=9

row() {
	printf '%s' "$1"
	shift
	for field; do printf '\t%s' "$field"; done
	printf '\n'
}

# make_work: sets $work to a new directory that is removed when the script ends.
make_work() {
	[ -d "$run_dir" ] || mkdir -p "$run_dir"
	work=$run_dir/probe.$$
	mkdir "$work" 2>/dev/null || work=$(mktemp -d "$run_dir/probe.XXXXXX")
	at_exit "rm -rf '$work'"
}

# word FILE: sets $value to its first line; empty when it cannot be read.
word() {
	value=
	{ IFS= read -r value <"$1"; } 2>/dev/null || :
}

# over SECTION EXIT [NAME]: prints the line that ends a section. The stderr of SECTION or NAME says why it is unknown.
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

# section SECTION FUNCTION: runs FUNCTION in this shell, so all sections share their variables.
section() {
	section_code=0
	"probe_$2" 2>"$work/$1.err" || section_code=$?
	over "$1" "$section_code"
}
