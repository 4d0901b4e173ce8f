#!/bin/sh
# Ensures that this is the intended machine and that the caller has claimed it. The words before any script's own
# arguments do both (shared/addressee.sh); this script does nothing else.
# changes: /var/lib/xensan/claims/KIND: which object of which management cluster manages the machine
# undo: rm /var/lib/xensan/claims/KIND after the object is deleted
# Arguments: none of its own.
# Prints done<TAB>claimed.
# Exit codes: 0 done, 3 refused (MachineChanged ClaimedElsewhere ReadOnlyFileSystem NoSpace).
set -eu
# include: prelude.sh

finish claimed
