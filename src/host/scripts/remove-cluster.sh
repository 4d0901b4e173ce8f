#!/bin/sh
# Ensures that a cluster is removed from the kernel of this host, together with what configure-cluster wrote.
# changes: removes a cluster from the kernel, and what configure-cluster wrote, also in /etc/inittab
# undo: create the Ocfs2Cluster again
# Arguments: OWNER CLUSTER
# Prints done<TAB>removed or done<TAB>absent.
# Exit codes: 0 done, 3 refused (ClusterInUse NotOurs), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: o2cb.sh
# include: ocfs2-mounts.sh
# include: boot-order-ensure.sh

owner=$1
cluster=$2
take_lock cluster 60
said=$run_dir/o2cb.said
: >"$said"
word=absent

if [ -f "$cluster_conf" ]; then
	cluster_rows "$cluster_conf" >"$run_dir/cluster.rows"
	IFS='	' read -r _ conf_state conf_owner <"$run_dir/cluster.rows"
	[ "$conf_state $conf_owner" = "Readable $owner" ] || refuse NotOurs "$cluster_conf was not written for ${owner% *}: ${conf_owner#-}"
else
	# Without the file, the owner of the cluster is unknown: only a cluster that xensan recorded is removed.
	known_cluster=
	{ read -r known_cluster _ <"$state_dir/cluster"; } 2>/dev/null || :
	if [ -d "$cluster_configfs/$cluster" ] && [ "$known_cluster" != "$cluster" ]; then
		refuse NotOurs "$cluster is active, but no cluster.conf shows that xensan configured it"
	fi
fi

if [ -d "$cluster_configfs/$cluster" ]; then
	mounts=$(ocfs2_mount_points | tr '\n' ' ')
	[ -z "$mounts" ] || refuse ClusterInUse "still mounted: $mounts"
	mode=local
	{ read -r mode <"$cluster_configfs/$cluster/heartbeat/mode"; } 2>/dev/null || :
	# A local heartbeat belongs to a mount, perhaps one that is being made now. A global one runs by itself.
	if [ "$mode" = global ]; then o2cb stop-heartbeat "$cluster" >>"$said" 2>&1 </dev/null 9>&- || :; fi
	for region in "$cluster_configfs/$cluster"/heartbeat/*; do
		[ ! -d "$region" ] || refuse ClusterInUse "a heartbeat is still written to ${region##*/}: $(tr '\n' ' ' <"$said")"
	done
	o2cb unregister-cluster "$cluster" >>"$said" 2>&1 </dev/null 9>&- || :
	[ ! -d "$cluster_configfs/$cluster" ] || refuse ClusterInUse "the kernel does not release $cluster: $(tr '\n' ' ' <"$said")"
	word=removed
fi

for file in "$cluster_conf" /etc/sysctl.d/90-xensan-o2cb.conf "$state_dir/cluster" "$mounts_loop"; do
	[ ! -f "$file" ] || word=removed
done
if [ "$word" = removed ]; then
	if [ -f "$cluster_default" ]; then
		sed 's/^O2CB_ENABLED=.*/O2CB_ENABLED=false/' "$cluster_default" >"$run_dir/o2cb.default"
		cmp -s "$run_dir/o2cb.default" "$cluster_default" || replace_file "$cluster_default" 644 <"$run_dir/o2cb.default"
	fi
	remove_boot_order
	# The file with the owner's mark is removed last: after a crash, it shows that the rest is ours.
	rm -f /etc/sysctl.d/90-xensan-o2cb.conf "$state_dir/cluster"
	rm -f "$cluster_conf"
fi
finish "$word"
