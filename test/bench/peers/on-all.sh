#!/bin/sh
# Runs ensure-exports.sh on every host at once. Arguments: COUNT ADDRESS…; the shelves are 201, 202, …
set -eu
count=$1 shelf=200 failed=
shift
for address; do
	shelf=$((shelf + 1))
	ssh -i /root/key -o ControlMaster=auto -o ControlPersist=600s -o ControlPath=/root/.ssh/%h -o StrictHostKeyChecking=no -o LogLevel=ERROR \
		"root@$address" sh -s -- "$shelf" "$count" </root/ensure-exports.sh &
	pids="${pids:-} $!"
done
for pid in $pids; do wait "$pid" || failed=yes; done
[ -z "$failed" ]
