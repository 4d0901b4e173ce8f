#!/bin/sh
# Ensures nothing yet.
# Arguments: see the builder of the same name.
# Prints nothing.
# Exit codes: 1 always.
set -eu
# include: prelude.sh
echo "take-domain-lock is not available in this build" >&2
exit 1
