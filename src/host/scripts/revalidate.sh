#!/bin/sh
# Makes the AoE driver ask a target for its size again, and waits until it knows the expected one.
# Arguments: TARGET BYTES
# Prints done<TAB>bytes N, where N is the size that the driver knows: the caller compares it.
# Exit codes: 0 done, 3 refused (ModuleMissing TargetMissing), 4 busy.
set -eu
# include: prelude.sh

target=$1
bytes=$2
device="/sys/block/etherd!$target"
[ -d /sys/module/aoe ] || refuse ModuleMissing "the aoe module is not loaded"
{ read -r state <"$device/state"; } 2>/dev/null || refuse TargetMissing "this host has no $target"
[ "$state" = up ] || refuse TargetMissing "$target is $state"

if have aoe-revalidate; then
	aoe-revalidate "$target" >&2
else
	echo "$target" >/dev/etherd/revalidate
fi
# The answer comes later; the caller decides about a size that stays different.
tries=0
while :; do
	read -r sectors <"$device/size"
	if [ $((sectors * 512)) = "$bytes" ] || [ "$tries" -ge 15 ]; then finish "bytes $((sectors * 512))"; fi
	tries=$((tries + 1))
	sleep 0.2 2>/dev/null || { sleep 1 && tries=$((tries + 4)); }
done
