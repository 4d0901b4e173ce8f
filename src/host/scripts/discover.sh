#!/bin/sh
# Discovers AoE targets on the segment and waits until the named ones are up.
# Arguments: SECONDS TARGET…      (e0.1 …)
# Prints done<TAB>found.
# Exit codes: 0 done, 3 refused (ModuleMissing, TargetMissing with the targets that did not come), 4 busy.
set -eu
# include: prelude.sh

seconds=$1
shift
[ -d /sys/module/aoe ] || refuse ModuleMissing "the aoe module is not loaded"

# look TARGET…: sets $missing to the targets that are missing or not up.
look() {
	missing=
	for target; do
		state=missing
		{ read -r state <"/sys/block/etherd!$target/state"; } 2>/dev/null || :
		[ "$state" = up ] || missing="$missing $target ($state)"
	done
}

# Answers may come at any time or be lost, so ask again every two seconds.
ask() {
	if have aoe-discover; then
		aoe-discover
	elif [ -c /dev/etherd/discover ]; then
		echo discover >/dev/etherd/discover
	else
		refuse ToolMissing "neither aoe-discover nor /dev/etherd/discover exists"
	fi
}

tries=0
while :; do
	[ $((tries % 10)) != 0 ] || ask
	look "$@"
	if [ -z "$missing" ]; then finish found; fi
	[ "$tries" -lt $((seconds * 5)) ] || refuse TargetMissing "no answer within $seconds s from$missing"
	tries=$((tries + 1))
	sleep 0.2 2>/dev/null || { sleep 1 && tries=$((tries + 4)); }
done
