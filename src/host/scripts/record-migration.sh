#!/bin/sh
# Records on a host that a migration was begun which this host does not run itself: as its target, or where the domain
# is shut down and started. It is never begun again, even if the object that asked for it is gone.
# changes: /var/lib/xensan/migrations/OPERATION: that a migration was begun
# undo: rm the record; the same migration could then run again
# Arguments: OPERATION UUID TIME.
# Prints done<TAB>recorded or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: migration-runs.sh

operation=$1 uuid=$2 time=$3
base=$migrations_dir/$operation
take_lock "domain-$uuid" 30
[ ! -e "$base" ] || finish unchanged
prune_runs
printf '%s %s %s - - %s\n' "$uuid" "$(own_boot)" "$(now)" "$time" | replace_file "$base" 600
finish recorded
