#!/bin/sh
# Ensures that the owner's export is stopped, then that its configuration is gone.
# Arguments: OWNER SHELF SLOT INTERFACE
# Prints done<TAB>removed or done<TAB>absent. An export of somebody else at that address is not touched: absent.
# Exit codes: 0 done, 3 refused (ExportFailed when it does not stop, ReadOnlyFileSystem), 4 busy.
set -eu
