#!/bin/sh
# Asks the segment for AoE targets and waits until those named are there and up.
# Arguments: SECONDS TARGET…      (e0.1 …)
# Prints done<TAB>found.
# Exit codes: 0 done, 3 refused (ModuleMissing, TargetMissing with the targets that did not come), 4 busy.
set -eu
