# include: processes.sh
# toolstack_processes: prints PID VERB NAME, with tabs, of every toolstack command that builds, moves or ends a domain
# now. Leaves out commands that only read, and daemons that wait for the end of a domain (their output goes to
# /var/log/xen). Fails if the processes cannot be read.
toolstack_processes() {
	know_processes || return 1
	while read -r process process_name; do
		case $process_name in
		xl | xm) waits_for_end "/proc/$process/fd/1" || process_words "$process" ;;
		libxl-save-help*) printf '%s\tsave-helper\t-\n' "$process" ;;
		xc_save | xc_restore) printf '%s\t%s\t-\n' "$process" "$process_name" ;;
		esac
	done <<-END
		$found_processes
	END
}

# waits_for_end OUTPUT: it is the log of a domain. A rotated or removed log is recognized only by the name of the link.
waits_for_end() {
	for wait_log in /var/log/xen/xl-*.log; do
		# shellcheck disable=SC3013
		if [ "$wait_log" -ef "$1" ]; then return 0; fi
	done
	case $(readlink "$1" 2>/dev/null || :) in /var/log/xen/xl-*) return 0 ;; *) return 1 ;; esac
}

# process_words PID: prints its PID VERB NAME: the first word after the program, if it is one of the verbs, and the
# domain or file that it acts on.
process_words() {
	tr '\000' '\n' 2>/dev/null <"/proc/$1/cmdline" | awk -v pid="$1" '
		{ word[NR] = $0 }
		END {
			# The program may be an argument of its interpreter; the verb follows the program.
			for (i = 1; i <= NR && word[i] !~ /(^|\/)x[lm]$/; i++) ;
			for (i++; i <= NR && word[i] ~ /^-/; i++) ;
			verb = word[i]
			if (verb !~ /^(create|restore|save|migrate|migrate-receive|remus|destroy|rename|resume|unpause|pause|reboot|start|suspend)$/) exit
			about = "-"
			for (i++; i <= NR; i++) {
				if (verb == "migrate" && word[i] ~ /^-[sCp]$/ && word[i] != "-p") { i++; continue }
				if (word[i] ~ /^-/) continue
				about = word[i]
				break
			}
			gsub(/[\t\\]/, "?", about)
			print pid "\t" verb "\t" about
		}' || :
}

# at_work VERBS [NAME…]: a process runs one of these verbs (a pattern like migrate|create), on one of the names if
# given.
at_work() {
	work_verbs=$1
	shift
	work_table=$(toolstack_processes) || {
		echo "cannot tell which toolstack commands are running" >&2
		exit 1
	}
	while IFS='	' read -r work_pid work_verb work_about; do
		[ -n "$work_pid" ] || continue
		case "|$work_verbs|" in *"|$work_verb|"*) ;; *) continue ;; esac
		if [ $# = 0 ]; then return 0; fi
		for work_name; do if [ "$work_name" = "$work_about" ]; then return 0; fi; done
	done <<-END
		$work_table
	END
	work_pid='' work_verb='' work_about=''
	return 1
}
