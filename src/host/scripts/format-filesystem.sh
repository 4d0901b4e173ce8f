#!/bin/sh
# Ensures nothing yet.
# Arguments: see ocfs2-actions.ts.
# Prints nothing.
# Exit codes: 1 always.
set -eu
# include: prelude.sh
echo "format-filesystem is not available in this build" >&2
exit 1
