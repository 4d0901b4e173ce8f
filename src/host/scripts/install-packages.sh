#!/bin/sh
# Ensures that Debian packages are installed.
# Arguments: PACKAGE…
# Prints done<TAB>installed or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (NoPackageManager PackagesUnavailable NoSpace ReadOnlyFileSystem), 4 busy.
set -eu
