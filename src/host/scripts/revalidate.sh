#!/bin/sh
# Makes the AoE driver ask a target for its size again, and waits until it knows the expected one.
# Arguments: TARGET BYTES
# Prints done<TAB>bytes N, N being what the driver knows: the caller compares.
# Exit codes: 0 done, 3 refused (ModuleMissing TargetMissing), 4 busy.
set -eu
