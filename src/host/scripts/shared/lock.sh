# take_lock NAME SECONDS: holds the lock NAME of this host until this process ends; busy if another one holds it for
# SECONDS.
# Close descriptor 9 (9>&-) for children that may outlive the script: they would keep the lock.
take_lock() {
	mkdir -p "$run_dir"
	lock_started=$(now)
	if have flock; then
		exec 9>"$run_dir/$1.lock"
		until flock -n 9; do lock_wait "$1" "$2"; done
		return 0
	fi
	lock_link=$run_dir/$1.lock.owner
	until ln -s "$$.$(birth_of "$$")" "$lock_link" 2>/dev/null; do
		lock_holder=$(readlink "$lock_link" || :)
		if [ -n "$lock_holder" ] && ! still_running "${lock_holder%.*}" "${lock_holder#*.}"; then
			break_lock "$lock_holder"
		else
			lock_wait "$1" "$2"
		fi
	done
	at_exit unlock
}

unlock() {
	rm -f "$lock_link"
}

# Only one process at a time may break a stale lock: otherwise a second one could remove the lock that the first took.
break_lock() {
	find "$lock_link.breaking" -prune -mmin +1 -exec rmdir {} \; 2>/dev/null || :
	mkdir "$lock_link.breaking" 2>/dev/null || {
		pause
		return 0
	}
	[ "$(readlink "$lock_link" || :)" != "$1" ] || rm -f "$lock_link"
	rmdir "$lock_link.breaking"
}

lock_wait() {
	if [ $(($(now) - lock_started)) -ge "$2" ]; then
		printf 'busy\tanother command holds the %s lock of this host\n' "$1"
		exit 4
	fi
	pause
}

# now: prints the uptime in seconds, which never goes back.
now() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}"
}

pause() {
	sleep 0.1 2>/dev/null || sleep 1
}

# birth_of PID: prints when the process started, in clock ticks, which a reused pid does not share; nothing if there is
# none.
birth_of() {
	find_birth "$1"
	[ -z "$birth" ] || echo "$birth"
}

# still_running PID BIRTH: the process with this birth still runs. A process without a recorded birth had already ended.
still_running() {
	[ -n "$2" ] || return 1
	find_birth "$1"
	[ "$birth" = "$2" ]
}

# work_alive FILE: the process in FILE (`PID BIRTH`) runs; sets worker_pid.
work_alive() {
	worker_pid='' worker_birth=''
	{ read -r worker_pid worker_birth <"$1"; } 2>/dev/null || return 1
	still_running "$worker_pid" "$worker_birth"
}

# record_work FILE: records the last background process in FILE, unless it has ended already.
record_work() {
	echo "$! $(birth_of "$!")" >"$1.new"
	if [ -d "/proc/$!" ]; then mv "$1.new" "$1"; else rm -f "$1.new"; fi
}

# find_birth PID: sets birth, without starting a process.
find_birth() {
	birth=
	read -r birth_stat 2>/dev/null <"/proc/$1/stat" || return 0
	# shellcheck disable=SC2086
	set -- ${birth_stat##*) }
	birth=${20}
}
