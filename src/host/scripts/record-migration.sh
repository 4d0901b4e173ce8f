#!/bin/sh
# Records a migration on a host that does not run it itself: on its target, or on the hosts where the domain is shut down
# and started. A recorded migration is never begun again, even if the object that requested it is gone.
# changes: /var/lib/xensan/migrations/OPERATION: that a migration was begun
# undo: rm the record; the same migration can then run again
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
