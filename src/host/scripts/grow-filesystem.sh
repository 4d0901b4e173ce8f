#!/bin/sh
# Ensures that an OCFS2 is as large as its device. It may be mounted here and elsewhere; the cluster must be online.
# changes: grows an OCFS2 to the size of its device
# undo: not possible: OCFS2 cannot shrink
# Arguments: DEVICE UUID
# Prints done<TAB>grown bytes N or done<TAB>unchanged bytes N, with the size of the file system.
# Exit codes: 0 done, 3 refused (OcfsToolsMissing ToolMissing DeviceMissing WrongFilesystem GrowFailed), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: ocfs2-device.sh
# include: tune.sh

tune_arguments "$1" "$2"
# The size in whole clusters; a file system never shrinks.
whole=$((device_size / fs_cluster * fs_cluster))
[ "$whole" -gt "$fs_bytes" ] || finish "unchanged bytes $fs_bytes"
before=$fs_bytes
tune -S "$device"
read_superblock
[ "$fs_bytes" -gt "$before" ] || refuse GrowFailed "tunefs.ocfs2 exited with $tune_code, and the file system still has $fs_bytes bytes: $tune_said"
finish "grown bytes $fs_bytes"
