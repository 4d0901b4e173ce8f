#!/bin/sh
# Ensures that a logical volume exists inside the bounds and has at least a size. Never shrinks.
# Arguments: OWNER VG LV BYTES GLOB…
# Prints done<TAB>created, done<TAB>grown or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (ToolMissing VolumeGroupMissing BackingOutsideBounds BackingInUse NoSpace), 4 busy.
set -eu
