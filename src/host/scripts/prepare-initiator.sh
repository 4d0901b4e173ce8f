#!/bin/sh
# Ensures that the AoE initiator is loaded and bound to exactly these interfaces, now and after a reboot.
# Arguments: INTERFACE…
# Prints done<TAB>prepared or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (KernelWithoutAoe ModuleMissing InterfaceMissing ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
