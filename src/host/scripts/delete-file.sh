#!/bin/sh
# Ensures that a file which ensure-file made for this owner is gone. Touches nothing else, and nothing in use.
# Arguments: OWNER PATH GLOB…
# Prints done<TAB>deleted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs StillExported BackingInUse BackingOutsideBounds BackingNotUsable
# ReadOnlyFileSystem), 4 busy.
set -eu
