# include: heartbeat-region.sh
# Nodes that write a heartbeat to an OCFS2 and that the kernel of this host would not hear when it mounts it: it reads only
# the slots of nodes that are registered in it, takes every other node for dead, and replays its journal.

# beats_on DEVICE: prints `NODE SEQUENCE` of each node that has written a heartbeat there.
beats_on() {
	! command -v blockdev >/dev/null 2>&1 || blockdev --flushbufs "$1" 2>/dev/null || :
	debugfs.ocfs2 -R hb "$1" 2>/dev/null </dev/null | awk '$1 ~ /^[0-9]+:$/ { print $2, $3 }'
}

# unheard_beat CLUSTERDIRECTORY DEVICE REGION: sets unheard to the number of a node that writes to the device now, and is
# not registered, or has the number of this host, which does not write there itself. Empty if there is none.
unheard_beat() {
	unheard='' unheard_known=' '
	unheard_before=$(beats_on "$2")
	[ -n "$unheard_before" ] || return 0
	for unheard_node in "$1"/node/*; do
		{ read -r unheard_number <"$unheard_node/num" && read -r unheard_local <"$unheard_node/local"; } 2>/dev/null || continue
		if [ "$unheard_local" = 1 ] && ! region_beats "$1" "$3"; then continue; fi
		unheard_known="$unheard_known$unheard_number "
	done
	# A node writes every two seconds.
	sleep 5
	unheard=$(
		beats_on "$2" | while read -r unheard_number unheard_sequence; do
			case $unheard_known in *" $unheard_number "*) continue ;; esac
			case "
$unheard_before
" in *"
$unheard_number $unheard_sequence
"*) continue ;; esac
			echo "$unheard_number"
		done | head -n 1
	)
}
