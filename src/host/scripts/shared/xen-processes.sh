# include: processes.sh
# toolstack_processes: prints PID VERB NAME, with tabs, of every toolstack command that builds, moves or ends a domain
# now, with the verb wait of every daemon that waits for the end of the domain NAME (its output goes to /var/log/xen).
# Leaves out commands that only read. Fails if the processes cannot be read.
toolstack_processes() {
	know_processes || return 1
	while read -r process process_name; do
		case $process_name in
		xl | xm)
			if waits_for_end "/proc/$process/fd/1"; then
				printf '%s\twait\t%s\n' "$process" "$wait_name"
			else
				process_words "$process"
			fi
			;;
		libxl-save-help*) printf '%s\tsave-helper\t-\n' "$process" ;;
		xc_save | xc_restore) printf '%s\t%s\t-\n' "$process" "$process_name" ;;
		esac
	done <<-END
		$found_processes
	END
}

# waits_for_end OUTPUT: it is the log of a domain, so the program waits for the domain's end, or starts it again after a
# reboot, which waits for other programs of xl. Sets wait_name to the domain's name, - if it is unusual. A rotated or removed
# log is recognized only by the name of the link.
waits_for_end() {
	wait_name=
	for wait_log in /var/log/xen/xl-*.log; do
		# shellcheck disable=SC3013
		if [ "$wait_log" -ef "$1" ]; then wait_name=$wait_log; fi
	done
	[ -n "$wait_name" ] || wait_name=$(readlink "$1" 2>/dev/null || :)
	case $wait_name in /var/log/xen/xl-*) ;; *) return 1 ;; esac
	wait_name=${wait_name#/var/log/xen/xl-}
	wait_name=${wait_name%.log*}
	wait_name=${wait_name%--incoming}
	case $wait_name in '' | *[!A-Za-z0-9_.+:@-]*) wait_name=- ;; esac
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
