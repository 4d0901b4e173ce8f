# The arguments of a cluster: OWNER CLUSTER local|global reset|panic THRESHOLD IDLE KEEPALIVE RECONNECT node=…
# region=UUID[:DEVICE]…
# cluster_arguments "$@": sets owner, cluster, mode, fence, threshold, idle, keepalive, reconnect; nodes (one a line: NUMBER
# NAME ADDRESS PORT) and regions (one a line: UUID DEVICE, DEVICE is empty if it is unknown).
cluster_arguments() {
	owner=$1 cluster=$2 mode=$3 fence=$4 threshold=$5 idle=$6 keepalive=$7 reconnect=$8
	shift 8
	nodes='' regions=''
	for argument_text; do
		case $argument_text in
		node=*:*:*:*)
			argument_text=${argument_text#node=}
			nodes="$nodes$(printf '%s' "$argument_text" | tr ':' ' ')
"
			;;
		region=*)
			argument_text=${argument_text#region=}
			case $argument_text in *:*) ;; *) argument_text=$argument_text: ;; esac
			regions="$regions${argument_text%%:*} ${argument_text#*:}
"
			;;
		*) refuse InvalidArgument "$argument_text is neither node=NUMBER:NAME:ADDRESS:PORT nor region=UUID:DEVICE" ;;
		esac
	done
}

lower() {
	printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]'
}

# require_own_node: refuses unless a node has this host's name. O2CB finds its own node by that name, ignoring case;
# without one, it prints OK but stays offline.
require_own_node() {
	IFS= read -r own_name </proc/sys/kernel/hostname
	own_name=${own_name%%.*}
	own_names=
	while read -r _ own_node _; do
		[ "$(lower "$own_node")" != "$(lower "$own_name")" ] || return 0
		own_names="$own_names $own_node"
	done <<-END
		${nodes%?}
	END
	refuse HostNameMismatch "this host is called $own_name, but the nodes of $cluster are$own_names"
}

# rendered_conf: prints cluster.conf as o2cb itself writes it, below the owner's mark.
rendered_conf() {
	printf '# xensan: %s\ncluster:\n\tname = %s\n\theartbeat_mode = %s\n\tnode_count = %s\n\n' "$owner" "$cluster" "$mode" \
		"$(printf '%s' "$nodes" | grep -c .)"
	while read -r node_number node_name node_address node_port; do
		printf 'node:\n\tcluster = %s\n\tnumber = %s\n\tip_port = %s\n\tip_address = %s\n\tname = %s\n\n' \
			"$cluster" "$node_number" "$node_port" "$node_address" "$node_name"
	done <<-END
		${nodes%?}
	END
	while read -r node_region _; do
		[ -z "$node_region" ] || printf 'heartbeat:\n\tcluster = %s\n\tregion = %s\n\n' "$cluster" "$node_region"
	done <<-END
		$regions
	END
}

# rows_without_owner FILE: prints its rows for a comparison: sorted, without the owner, and in lower case where O2CB
# ignores case (names of nodes) or the tools write either case (UUIDs of regions).
rows_without_owner() {
	cluster_rows "$1" | awk -F '\t' -v OFS='\t' '
		$1 == "conf" { $3 = "" }
		$1 == "conf-node" { $4 = tolower($4) }
		$1 == "conf-heartbeat" { $3 = tolower($3) }
		{ print }' | LC_ALL=C sort
}
