#!/bin/sh
# Ensures that a host is configured as a node of an O2CB cluster, for its next boot: cluster.conf, /etc/default/o2cb, the
# sysctls (also applied now) and the boot order. Nothing else changes in the kernel.
# changes: /etc/ocfs2/cluster.conf
# undo: delete the Ocfs2Cluster, which removes the file
# changes: /etc/default/o2cb: O2CB_ENABLED, O2CB_BOOTCLUSTER and the timeouts
# undo: delete the Ocfs2Cluster, which writes O2CB_ENABLED=false
# changes: /etc/sysctl.d/90-xensan-o2cb.conf, also applied at once: kernel.panic_on_oops = 1, kernel.panic = 30
# undo: delete the Ocfs2Cluster; the running values stay until a reboot
# changes: /etc/systemd/system/o2cb.service.d/xensan.conf, xensan-mounts.service and /var/lib/xensan/mount-at-boot, or a line of /etc/inittab: the boot order
# undo: delete the Ocfs2Cluster
# changes: /var/lib/xensan/cluster: cluster, fence method and heartbeat regions for the next boot
# undo: delete the Ocfs2Cluster
# Arguments: OWNER CLUSTER local|global reset|panic THRESHOLD IDLE KEEPALIVE RECONNECT, then any number of
#   node=NUMBER:NAME:ADDRESS:PORT and region=UUID:DEVICE.
# Prints done<TAB>configured or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (OcfsToolsMissing HostNameMismatch ForeignCluster ClusterInUse InitNotSupported
# ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: o2cb.sh
# include: boot-settings.sh
# include: cluster-arguments.sh
# include: live-nodes.sh
# include: boot-order-ensure.sh

cluster_arguments "$@"
require_o2cb
require_own_node
take_lock cluster 30
changed=

rendered_conf >"$run_dir/cluster.conf"
if [ -f "$cluster_conf" ]; then
	cluster_rows "$cluster_conf" >"$run_dir/cluster.rows"
	IFS='	' read -r _ conf_state conf_owner <"$run_dir/cluster.rows"
	# A restored object has the same name and another uid.
	if [ "$conf_state ${conf_owner% *}" != "Readable ${owner% *}" ]; then
		# A file with the same meaning but another text is taken over.
		[ "$(rows_without_owner "$cluster_conf")" = "$(rows_without_owner "$run_dir/cluster.conf")" ] || case $conf_state.$conf_owner in
		Readable.-) refuse ForeignCluster "$cluster_conf exists, was not written by xensan and has other contents: $(awk -F '\t' '
				$1 == "conf-cluster" { printf "cluster %s ", $2 } $1 == "conf-node" { printf "node %s %s ", $4, $5 }' "$run_dir/cluster.rows")" ;;
		Readable.*) refuse ForeignCluster "$cluster_conf was written for ${conf_owner% *}" ;;
		*) refuse ForeignCluster "$cluster_conf exists but cannot be read: $conf_owner" ;;
		esac
	fi
fi
active_cluster
case $active in
'' | "$cluster") ;;
*) refuse ForeignCluster "the cluster $active is active on this host, and only one can be active" ;;
esac
if ! cmp -s "$run_dir/cluster.conf" "$cluster_conf"; then
	require_live_kept
	replace_file "$cluster_conf" 644 <"$run_dir/cluster.conf"
	changed=yes
fi

wanted_default="true	$cluster	$threshold	$idle	$keepalive	$reconnect"
if [ ! -f "$cluster_default" ] || [ "$(cluster_default_rows)" != "$wanted_default" ]; then
	[ -f "$cluster_default" ] || : >"$run_dir/o2cb.default"
	[ ! -f "$cluster_default" ] || cat "$cluster_default" >"$run_dir/o2cb.default"
	# The last assignment of a name counts; comments and other names stay.
	awk -v cluster="$cluster" -v threshold="$threshold" -v idle="$idle" -v keepalive="$keepalive" -v reconnect="$reconnect" '
		BEGIN {
			split("O2CB_ENABLED O2CB_BOOTCLUSTER O2CB_HEARTBEAT_THRESHOLD O2CB_IDLE_TIMEOUT_MS O2CB_KEEPALIVE_DELAY_MS O2CB_RECONNECT_DELAY_MS", name, " ")
			wanted["O2CB_ENABLED"] = "true"; wanted["O2CB_BOOTCLUSTER"] = cluster
			wanted["O2CB_HEARTBEAT_THRESHOLD"] = threshold; wanted["O2CB_IDLE_TIMEOUT_MS"] = idle
			wanted["O2CB_KEEPALIVE_DELAY_MS"] = keepalive; wanted["O2CB_RECONNECT_DELAY_MS"] = reconnect
		}
		{
			key = $0; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
			if (key in wanted && $0 ~ /=/) { if (!(key in written)) print key "=" wanted[key]; written[key] = 1; next }
			# Another stack would replace o2cb.
			if (key == "O2CB_STACK" && $0 ~ /=/) next
			print
		}
		END { for (i = 1; i <= 6; i++) if (!(name[i] in written)) print name[i] "=" wanted[name[i]] }' "$run_dir/o2cb.default" |
		replace_file "$cluster_default" 644
	changed=yes
fi

# A host whose kernel had an oops must reboot: the other nodes wait for its locks.
wanted_sysctl='kernel.panic_on_oops = 1
kernel.panic = 30'
boot_settings
if [ "$boot_panic $boot_panic_on_oops" != "30 1" ]; then
	{
		echo "# A node of a cluster reboots by itself: see o2cb(7)."
		echo "$wanted_sysctl"
	} | replace_file /etc/sysctl.d/90-xensan-o2cb.conf 644
	changed=yes
	boot_settings
	[ "$boot_panic $boot_panic_on_oops" = "30 1" ] ||
		echo "another file overrides /etc/sysctl.d/90-xensan-o2cb.conf" >&2
fi
for setting in panic_on_oops=1 panic=30; do
	# Uses cat: read takes one byte at a time, and these files return only the first.
	now=$(cat "/proc/sys/kernel/${setting%=*}")
	[ "$now" != "${setting#*=}" ] || continue
	echo "${setting#*=}" >"/proc/sys/kernel/${setting%=*}"
	changed=yes
done

printf '%s %s %s\n%s' "$cluster" "$fence" "$mode" "$regions" >"$run_dir/cluster"
if ! cmp -s "$run_dir/cluster" "$state_dir/cluster"; then
	replace_file "$state_dir/cluster" 644 <"$run_dir/cluster"
	changed=yes
fi
ensure_boot_order
if [ -n "$changed$order_changed" ]; then finish configured; fi
finish unchanged
