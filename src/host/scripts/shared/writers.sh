# include: awk-words.sh
# Finds programs of this host that write to a backing, by what they have open, so under any name of it.

# require_unwritten ASKED: refuses if a program other than vblade has what facts_of found open for writing: qemu-nbd, or a
# fsck while its vblade is stopped. Readers do no harm.
require_unwritten() {
	mkdir -p "$run_dir"
	# Not as arguments of one command: a host may have more open files than these can name.
	written_code=0
	printf '%s\0' /proc/[0-9]*/fd/* | limited 20 xargs -0 stat -L -c '%n %f %t %T %d:%i' 2>/dev/null >"$run_dir/open.$$" || written_code=$?
	case $written_code in
	124 | 143)
		rm -f "$run_dir/open.$$"
		echo "cannot tell which programs have $1 open" >&2
		exit 1
		;;
	esac
	awk "$escape_fields"'
		{ at = match($1, /\/[0-9]+\/fd\/[0-9]+$/) }
		at == 0 { next }
		$2 ~ /^8...$/ { print "file:" $5, substr($1, 1, at - 1), substr($1, at + 1) }
		$2 ~ /^6...$/ { print "block:" hex($3) ":" hex($4), substr($1, 1, at - 1), substr($1, at + 1) }' "$run_dir/open.$$" >"$run_dir/opened.$$"
	rm -f "$run_dir/open.$$"
	written_by=
	while read -r written_identity written_proc written_fd; do
		[ "$written_identity" = "$backing_identity" ] || continue
		written_pid=${written_fd%%/*}
		# Octal flags of open(2): the last digit has the access mode, 1 and 2 write.
		written_flags=$(sed -n 's/^flags:[[:space:]]*//p' "$written_proc/$written_pid/fdinfo/${written_fd##*/}" 2>/dev/null) || continue
		case $written_flags in *[1256]) ;; *) continue ;; esac
		{ IFS= read -r written_name <"$written_proc/$written_pid/comm"; } 2>/dev/null || continue
		[ "$written_name" != vblade ] || continue
		written_by="process $written_pid $written_name"
		break
	done <"$run_dir/opened.$$"
	rm -f "$run_dir/opened.$$"
	[ -z "$written_by" ] || refuse BackingInUse "$1 is open for writing by $written_by"
}
