#!/bin/sh
# Ensures that exactly one vblade serves a backing at shelf.slot on an interface, now and after a reboot.
# Arguments: OWNER SHELF SLOT INTERFACE BACKING OPTIONS RESTART GLOB…
#   OPTIONS  vblade's options as one word list, may be empty
#   RESTART  forbidden, ifneeded (a running vblade that differs is replaced) or always (it is replaced)
# Prints done<TAB>WORD pid N, where WORD is started, restarted, adopted, repaired or unchanged. `adopted` wrote only the
# owner's mark; `repaired` wrote the configuration of a vblade that already ran as asked.
# Exit codes: 0 done, 3 refused (Backing… AddressTaken RestartForbidden ExportFailed InterfaceMissing ToolMissing
# UnitMissing InitNotSupported ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
