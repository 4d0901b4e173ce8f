#!/bin/sh
# Waits at most SECONDS until a migration that was begun here has ended. Changes nothing. Waiting costs the host nothing:
# the kernel wakes the script when the wrapper of the migration releases its lock, however the wrapper ends.
# Arguments: OPERATION SECONDS.
# Prints done<TAB>ended (none of this name runs) or done<TAB>running.
# Exit codes: 0 done.
set -eu
# include: prelude.sh
# include: lock.sh
# include: migration-runs.sh

base=$migrations_dir/$1 seconds=$2
began=$(now)
if [ -e "$base.sh" ] && have flock && have timeout; then
	timeout "$seconds" flock -s "$base.sh" true || :
fi
# The exit code is written before the lock is released; without a lock, this loop is the only wait.
while run_alive "$base" && [ ! -s "$base.exit" ]; do
	[ $(($(now) - began)) -lt "$seconds" ] || finish running
	sleep 1
done
finish ended
