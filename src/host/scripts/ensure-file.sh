#!/bin/sh
# Ensures that a file exists inside the bounds and has at least a size; new space is sparse. Never shrinks.
# Arguments: OWNER PATH BYTES GLOB…
# Prints done<TAB>created, done<TAB>grown or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (BackingOutsideBounds BackingNotUsable BackingInUse BackingChanged NoSpace
# ReadOnlyFileSystem), 4 busy.
set -eu
