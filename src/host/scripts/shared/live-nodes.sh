# Nodes of the cluster whose heartbeat this host's kernel hears. Call it after cluster_arguments.

# is_live NUMBER: the kernel hears the heartbeat of the node with this number. It reads only the slots of nodes that are
# registered in it, and only while it writes a heartbeat itself.
is_live() {
	read -r live_nodes 2>/dev/null </sys/kernel/debug/o2hb/livenodes || return 1
	case " $live_nodes " in *" $1 "*) return 0 ;; esac
	return 1
}

# require_live_kept: refuses if nodes, which cluster.conf is to list, lacks a node that is alive, or gives it another
# number. After the next boot, the kernel would not read the slot of such a node, so it would take it for dead, and the
# first mount would replay the journal of a node that writes. A host on which the cluster is not online hears nothing,
# so nothing is refused there.
require_live_kept() {
	for live_node in "$cluster_configfs/$cluster"/node/*; do
		{ read -r live_number <"$live_node/num"; } 2>/dev/null || continue
		is_live "$live_number" || continue
		live_node=${live_node##*/}
		# O2CB compares names without case.
		live_wanted=$(printf '%s' "$nodes" | awk -v name="$live_node" 'tolower($2) == tolower(name) { print $1 }')
		case $live_wanted in
		"$live_number") continue ;;
		'') live_change="is no longer declared" ;;
		*) live_change="is to be number $live_wanted" ;;
		esac
		refuse ClusterInUse "node $live_node (number $live_number) $live_change, but it still writes its heartbeat: unmount everything on it first"
	done
}
