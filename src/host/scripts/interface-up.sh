#!/bin/sh
# Ensures that a network interface is switched on, now and at every boot. Gives it no address.
# Arguments: INTERFACE
# Prints done<TAB>up or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (InterfaceMissing InterfaceDown ReadOnlyFileSystem), 4 busy.
set -eu
