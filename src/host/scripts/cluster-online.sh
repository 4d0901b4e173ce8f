#!/bin/sh
# Ensures that a configured O2CB cluster is registered in the kernel with these nodes, timeouts and fence method. Takes
# nothing offline: a change that needs the cluster to be offline is refused while something is mounted.
# changes: the cluster in the kernel (configfs): nodes, timeouts, fence method, heartbeat regions; nothing on the disk
# undo: delete the Ocfs2Cluster, or reboot
# Arguments: as configure-cluster.
# Prints done<TAB>online, done<TAB>updated or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (OcfsToolsMissing KernelWithoutOcfs2 ModuleMissing HostNameMismatch ForeignCluster
# ClusterInUse ClusterOffline), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: kernel.sh
# include: o2cb.sh
# include: cluster-arguments.sh
# include: ocfs2-mounts.sh
# include: heartbeat-region.sh
# include: live-nodes.sh

cluster_arguments "$@"
require_o2cb
require_own_node
take_lock cluster 60
mkdir -p "$run_dir"
said=$run_dir/o2cb.said
: >"$said"
directory=$cluster_configfs/$cluster
word=unchanged

active_cluster
case $active in
'' | "$cluster") ;;
*) refuse ForeignCluster "the cluster $active is active on this host, and only one can be active" ;;
esac
cluster_rows "$cluster_conf" | grep -q "^conf-cluster	$cluster	" ||
	refuse ClusterOffline "cluster $cluster is not configured in $cluster_conf"

# The init script always exits 0, so only configfs shows the result. It leaves a daemon behind, which must not inherit
# the lock or the connection.
init_o2cb() {
	/etc/init.d/o2cb "$@" >>"$said" 2>&1 </dev/null 9>&- || :
}
last_said() {
	tr '\n' ' ' <"$said" | tail -c 400
}

if ! o2cb_loaded; then
	ocfs2_kernel_config
	[ "$ocfs2_config" != Missing ] ||
		refuse KernelWithoutOcfs2 "kernel $(uname -r) was built without CONFIG_OCFS2_FS or CONFIG_OCFS2_FS_O2CB: boot one that has both"
	have modprobe || refuse ModuleMissing "no modprobe on this host: install kmod"
	init_o2cb load
	o2cb_loaded || refuse ModuleMissing "the stack o2cb cannot be loaded: $(last_said)"
fi

if [ ! -d "$directory" ]; then
	# Makes systemd, too, consider the service started. systemctl does nothing if it was started before.
	find_init
	if [ "$init" = systemd ]; then systemctl start o2cb.service >>"$said" 2>&1 </dev/null 9>&- || :; fi
	[ -d "$directory" ] || init_o2cb online "$cluster"
	[ -d "$directory" ] || refuse ClusterOffline "$cluster was not registered: $(last_said)"
	word=online
fi

read_setting() {
	setting=
	{ read -r setting <"$directory/$1"; } 2>/dev/null || :
}

# in_use WHAT: refuses a change that cannot be made now.
in_use() {
	in_use_mounts=$(ocfs2_mount_points | tr '\n' ' ')
	refuse ClusterInUse "$1 can be changed only while no OCFS2 file system is mounted: ${in_use_mounts:-a heartbeat is written to $(busy_regions)}"
}

busy_regions() {
	for busy_region in "$directory"/heartbeat/*; do [ ! -d "$busy_region" ] || echo "${busy_region##*/}"; done | tr '\n' ' '
}
regions_now=$(busy_regions)

# set_offline NAME VALUE: while a region is active, the kernel silently ignores changes of some settings.
set_offline() {
	read_setting "$1"
	[ "$setting" != "$2" ] || return 0
	# This kernel does not have the setting.
	[ -f "$directory/$1" ] || return 0
	[ -z "$regions_now" ] || in_use "$1 ($setting, to be $2)"
	{ echo "$2" >"$directory/$1"; } 2>>"$said" || :
	read_setting "$1"
	[ "$setting" = "$2" ] || refuse ClusterOffline "$1 is $setting and cannot be set to $2: $(last_said)"
	[ "$word" = online ] || word=updated
}
set_offline heartbeat/mode "$mode"
set_offline heartbeat/dead_threshold "$threshold"
# The kernel requires the idle timeout to be above the keepalive delay at all times.
read_setting keepalive_delay_ms
if [ "${setting:-0}" -ge "$idle" ]; then
	set_offline keepalive_delay_ms "$keepalive"
	set_offline idle_timeout_ms "$idle"
else
	set_offline idle_timeout_ms "$idle"
	set_offline keepalive_delay_ms "$keepalive"
fi
set_offline reconnect_delay_ms "$reconnect"

read_setting fence_method
if [ -n "$setting" ] && [ "$setting" != "$fence" ]; then
	echo "$fence" >"$directory/fence_method"
	read_setting fence_method
	[ "$setting" = "$fence" ] || refuse ClusterOffline "fence_method is $setting and cannot be set to $fence"
	[ "$word" = online ] || word=updated
fi

# node_known NAME: prints the name of this node in the kernel, which may differ in case.
node_known() {
	if [ -d "$directory/node/$1" ]; then
		echo "$1"
	else
		printf '%s\n' "$directory"/node/* | sed 's|.*/||' | grep -ixF -e "$1" || echo "$1"
	fi
}

# node_now NAME: prints `NUMBER ADDRESS PORT` of this node in the kernel.
node_now() {
	node_text=
	node_directory=node/$(node_known "$1")
	for node_file in num ipv4_address ipv4_port; do
		read_setting "$node_directory/$node_file"
		node_text="$node_text${node_text:+ }$setting"
	done
	echo "$node_text"
}

# drop_node NAME WHY: removes a node from the kernel. A node that still writes its heartbeat has a file system mounted.
drop_node() {
	read_setting "node/$1/num"
	! is_live "$setting" || refuse ClusterInUse "node $1 $2, but it still writes its heartbeat: unmount everything on it first"
	rmdir "$directory/node/$1" 2>>"$said" || refuse ClusterInUse "node $1 $2, but the kernel does not release it: $(last_said)"
	[ "$word" = online ] || word=updated
}

for node in "$directory"/node/*; do
	[ -d "$node" ] || continue
	node=${node##*/}
	wanted=$(printf '%s' "$nodes" | awk -v name="$node" 'tolower($2) == tolower(name) { print $1, $3, $4 }')
	if [ -z "$wanted" ]; then
		drop_node "$node" "is no longer declared"
	elif [ "$wanted" != "$(node_now "$node")" ]; then
		[ -z "$regions_now" ] || [ "$(lower "$node")" != "$(lower "$own_name")" ] || in_use "the address of this node ($(node_now "$node"), to be $wanted)"
		drop_node "$node" "is $(node_now "$node") instead of $wanted"
	fi
done
missing=
while read -r number name address port; do
	[ "$(node_now "$name")" = "$number $address $port" ] || missing=yes
done <<-END
	${nodes%?}
END
if [ -n "$missing" ]; then
	# Adds missing nodes and does not change the others.
	o2cb register-cluster "$cluster" >>"$said" 2>&1 </dev/null 9>&- || :
	[ "$word" = online ] || word=updated
fi
while read -r number name address port; do
	[ "$(node_now "$name")" = "$number $address $port" ] ||
		refuse ClusterOffline "node $name is $(node_now "$name") in the kernel, not $number $address $port: $(last_said)"
done <<-END
	${nodes%?}
END
read_setting "node/$(node_known "$own_name")/local"
[ "$setting" = 1 ] || refuse ClusterOffline "the kernel has no local node: $(last_said)"

if [ "$mode" = global ]; then
	for region in "$directory"/heartbeat/*; do
		[ -d "$region" ] || continue
		region=${region##*/}
		! printf '%s' "$regions" | grep -q "^$region " || continue
		# The kernel keeps its regions while a file system is mounted.
		[ -z "$(ocfs2_mount_points)" ] || in_use "the heartbeat on $region, which is to end,"
		rmdir "$directory/heartbeat/$region" 2>>"$said" || refuse ClusterInUse "the heartbeat on $region does not stop: $(last_said)"
		[ "$word" = online ] || word=updated
	done
	while read -r region device; do
		[ -n "$region" ] || continue
		! region_beats "$directory" "$region" || continue
		[ -n "$device" ] || refuse ClusterOffline "no heartbeat on $region: its device is unknown"
		start_region "$directory" "$region" "$device" || refuse ClusterOffline "no heartbeat on $region: $region_error"
		[ "$word" = online ] || word=updated
	done <<-END
		$regions
	END
fi
finish "$word"
