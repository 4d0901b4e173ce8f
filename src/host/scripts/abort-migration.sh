#!/bin/sh
# Ends a migration that was begun here, but only before the point of no return: cuts its connection and waits for its
# end. xl then resumes the domain by itself.
# changes: ends a migration before its point of no return
# undo: begin another one
# Arguments: OPERATION.
# Prints done<TAB>aborted or done<TAB>ended (there was nothing to abort: it never began, or had ended).
# Exit codes: 0 done, 3 refused (PastPointOfNoReturn), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: migration-runs.sh
# include: cut-sender.sh

base=$migrations_dir/$1
take_lock "migration-$1" 30
[ -e "$base" ] || finish ended
if [ -s "$base.exit" ]; then finish ended; fi
run_alive "$base" || finish ended
began=$(now)
word=ended
while run_alive "$base" && [ ! -s "$base.exit" ]; do
	if still_running "$run_sender" "$run_sender_birth"; then
		cut_sender "$run_sender" "$base.log" ||
			refuse PastPointOfNoReturn "the target has been given permission to start the domain"
		word=aborted
	fi
	if [ $(($(now) - began)) -ge 75 ]; then
		echo "the connection was cut, but xl is still running: $(tail -n 2 "$base.log" | tr '\n' ' ')" >&2
		exit 1
	fi
	pause
done
# It may have ended before it was cut.
{ read -r code <"$base.exit"; } 2>/dev/null || code=
[ "$code" != 0 ] || word=ended
finish "$word"
