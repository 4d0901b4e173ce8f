# toolstack_processes: PID VERB NAME, tabs between, of every toolstack command that builds, moves or ends a domain now.
# Left out: commands that only look, and the daemons that wait for the end of a domain (their output goes to /var/log/xen).
# Fails when the processes cannot be told.
toolstack_processes() {
	# grep looks at all of them at once. It fails when one ends meanwhile; that it worked shows by this shell, which it must
	# find as well.
	IFS= read -r process_own <"/proc/$$/comm" || return 1
	case $process_own in *[!a-z-]*) process_own='.*' ;; esac
	process_list=$(grep -lsE "^(xl|xm|xc_save|xc_restore|libxl-save-help.*|$process_own)\$" /proc/[0-9]*/comm) || :
	[ -n "$process_list" ] || return 1
	for process in $process_list; do
		{ IFS= read -r process_name <"$process"; } 2>/dev/null || continue
		process=${process%/comm}
		case $process_name in
		xl | xm) ;;
		libxl-save-help*)
			printf '%s\tsave-helper\t-\n' "${process#/proc/}"
			continue
			;;
		xc_save | xc_restore)
			printf '%s\t%s\t-\n' "${process#/proc/}" "$process_name"
			continue
			;;
		*) continue ;;
		esac
		! waits_for_end "$process/fd/1" || continue
		# shellcheck disable=SC2046
		process_words "${process#/proc/}"
	done
}

# waits_for_end OUTPUT: it goes to the log of a domain. Rotated or removed ones show by the name of the link only.
waits_for_end() {
	for wait_log in /var/log/xen/xl-*.log; do
		# shellcheck disable=SC3013
		if [ "$wait_log" -ef "$1" ]; then return 0; fi
	done
	case $(readlink "$1" 2>/dev/null || :) in /var/log/xen/xl-*) return 0 ;; *) return 1 ;; esac
}

# process_words PID: the first word after the program that is a verb, and what it is about.
process_words() {
	tr '\000' '\n' 2>/dev/null <"/proc/$1/cmdline" | awk -v pid="$1" '
		{ word[NR] = $0 }
		END {
			# Run by a shell, or by itself: the verb follows the program.
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

# at_work VERBS [NAME…]: one of these verbs (a pattern like migrate|create) is at work, about one of the names when any is given.
at_work() {
	work_verbs=$1
	shift
	work_table=$(toolstack_processes) || {
		echo "cannot tell which commands of the toolstack are at work" >&2
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
