#!/bin/sh
# Ensures that an OCFS2 has at least this many node slots. Slots can be added only while no host has it mounted.
# changes: adds node slots to an OCFS2
# undo: not possible: node slots cannot be removed
# Arguments: DEVICE UUID SLOTS
# Prints done<TAB>added or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (OcfsToolsMissing ToolMissing DeviceMissing WrongFilesystem HeartbeatActive NoSpace GrowFailed), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: ocfs2-device.sh
# include: tune.sh
# include: unheard-beat.sh

tune_arguments "$1" "$2"
[ "$fs_slots" -lt "$3" ] || finish unchanged
# tunefs.ocfs2 asks only the nodes that this host knows. With a global heartbeat, this node itself may write to the device.
for directory in /sys/kernel/config/cluster/*; do
	unheard_beat "$directory" "$device" "$(printf '%s' "$uuid" | tr -d - | tr a-f A-F)"
	[ -z "$unheard" ] || refuse HeartbeatActive "node number $unheard, which this host does not know, writes a heartbeat to $device: unmount the file system there"
done
tune -N "$3" "$device"
read_superblock
if [ "$fs_slots" -lt "$3" ]; then
	case $tune_said in *[Nn]"o space"* | *"not enough"* | *"Not enough"*) refuse NoSpace "no room for $3 node slots: $tune_said" ;; esac
	case $tune_said in *"Trylock failed"*) refuse GrowFailed "node slots can be added only while no host has the file system mounted: $tune_said" ;; esac
	refuse GrowFailed "tunefs.ocfs2 exited with $tune_code, and the file system still has $fs_slots node slots: $tune_said"
fi
finish added
