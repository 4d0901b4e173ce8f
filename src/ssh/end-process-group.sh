#!/bin/sh
# Ensures that a script that took too long is gone, with everything it started in its process group.
#
# Arguments: pid of its shell, its process group, start time of its shell in ticks since boot (field 22 of stat).
# Prints:    gone (it had ended by itself), ended, or alive (something survived even KILL: stuck in the kernel).
# Exit:      0 gone or ended, 1 alive.
set -u

pid=$1
group=$2
ticks=$3

# Prints "group start-ticks" of a process; fails when there is none.
identity() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  # After the last ") ", because the name in field 2 may hold anything.
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  printf '%s %s\n' "$3" "${20}"
}

[ "$(identity "$pid")" = "$group $ticks" ] || {
  echo gone
  exit 0
}

# A server that starts commands in its own process group would be killed along with them: then only the shell goes.
own=$(identity $$)
# "kill -TERM -123", without "--": the one form that dash, bash and busybox all take.
target="-$group"
[ "${own%% *}" != "$group" ] || target=$pid

kill -TERM "$target" 2>/dev/null
tries=0
while kill -0 "$target" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -ne 10 ] || kill -KILL "$target" 2>/dev/null
  if [ "$tries" -gt 20 ]; then
    echo alive
    exit 1
  fi
  sleep 0.2 2>/dev/null || sleep 1
done
echo ended
