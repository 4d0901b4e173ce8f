#!/bin/sh
# Ensures that a logical volume which ensure-logical-volume made for this owner is gone. Nothing else, and nothing in use.
# Arguments: OWNER VG LV GLOB…
# Prints done<TAB>deleted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs StillExported BackingInUse BackingOutsideBounds ToolMissing), 4 busy.
set -eu
