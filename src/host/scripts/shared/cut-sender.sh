# cut_sender PID LOG: ends the connection over which PID (xl migrate) sends. Returns 1 and changes nothing if LOG shows
# that the target was given permission to start the domain, or if that cannot be determined. When its stream is cut, xl
# resumes the domain by itself, suspended or not; before Xen 4.20, which has xl resume, nothing else can. The sender is
# stopped while its log is read: it logs the permission before it gives it.
cut_sender() {
	kill -STOP "$1" 2>/dev/null || return 0
	cut_tries=0
	while :; do
		{ read -r cut_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
		case ${cut_stat##*) } in T* | t* | Z* | X*) break ;; esac
		cut_tries=$((cut_tries + 1))
		[ "$cut_tries" -lt 600 ] || break
		sleep 0.05 2>/dev/null || sleep 1
	done
	case ${cut_stat##*) } in
	T* | t* | Z* | X*) ;;
	*)
		# The sender has not stopped, so its log may still change.
		kill -CONT "$1" 2>/dev/null || :
		return 1
		;;
	esac
	if grep -q 'Giving target permission to start' "$2" 2>/dev/null; then
		kill -CONT "$1" 2>/dev/null || :
		return 1
	fi
	for cut_process in /proc/[0-9]*; do
		{ read -r cut_stat <"$cut_process/stat"; } 2>/dev/null || continue
		cut_rest=${cut_stat##*) }
		cut_rest=${cut_rest#* }
		[ "${cut_rest%% *}" = "$1" ] || continue
		case $cut_stat in *'(ssh) '* | *'(sh) '*) kill -KILL "${cut_process#/proc/}" 2>/dev/null || : ;; esac
	done
	kill -CONT "$1" 2>/dev/null || :
	return 0
}
