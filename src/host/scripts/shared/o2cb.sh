# Where O2CB keeps its configuration, and what the kernel says of it.
cluster_conf=/etc/ocfs2/cluster.conf
cluster_default=/etc/default/o2cb
cluster_configfs=/sys/kernel/config/cluster
stack_plugins=/sys/fs/ocfs2/loaded_cluster_plugins

# o2cb_loaded: its stack is in the kernel and configfs shows it. The module ocfs2 itself comes with the first mount.
o2cb_loaded() {
	[ -d "$cluster_configfs" ] || return 1
	while read -r loaded_plugin; do
		[ "$loaded_plugin" != o2cb ] || return 0
	done 2>/dev/null <"$stack_plugins"
	return 1
}

# active_cluster: sets active to the cluster that is registered in the kernel; empty when none is. There is never more than one.
active_cluster() {
	active=
	for active_directory in "$cluster_configfs"/*; do
		[ ! -d "$active_directory" ] || active=${active_directory##*/}
	done
}

# cluster_rows FILE: what cluster.conf says, one row a stanza, as probe.sh prints them (without their section):
#   conf Readable OWNER | conf Unreadable WHY;   conf-cluster NAME MODE; conf-node CLUSTER NUMBER NAME ADDRESS PORT;
#   conf-heartbeat CLUSTER REGION
# ocfs2-tools reject a file without node_count and any line that is neither stanza, attribute nor comment; a comment begins in
# the first column and takes the whole line, an empty line ends a stanza, and an attribute is indented.
cluster_rows() {
	[ -f "$1" ] || {
		printf 'conf\tMissing\n'
		return 0
	}
	awk '
		/^# xensan: / { if (owner == "") owner = substr($0, 11); next }
		/^#/ { next }
		/^[ \t]*$/ { inside = 0; next }
		/^[A-Za-z][A-Za-z0-9_]*:[ \t]*$/ { stanza = $0; sub(/:.*/, "", stanza); n++; kind[n] = stanza; inside = 1; next }
		/^[ \t]+[A-Za-z][A-Za-z0-9_]*[ \t]*=/ {
			if (!inside) { fault("line " NR " stands outside of a stanza"); next }
			key = $0; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
			text = $0; sub(/^[^=]*=[ \t]*/, "", text); sub(/[ \t]+$/, "", text)
			gsub(/\t/, " ", text)
			value[n, key] = text
			next
		}
		{ fault("line " NR " is no part of a cluster.conf") }
		function fault(text) { if (why == "") why = text }
		function get(i, key) { return value[i, key] == "" ? "-" : value[i, key] }
		END {
			for (i = 1; i <= n; i++) if (kind[i] == "cluster") {
				if (value[i, "name"] == "") fault("a cluster has no name")
				if (value[i, "node_count"] !~ /^[0-9]+$/) fault("a cluster has no node_count")
				mode[i] = value[i, "heartbeat_mode"] == "" ? "local" : tolower(value[i, "heartbeat_mode"])
				if (mode[i] !~ /^(local|global)$/) fault("the heartbeat_mode of a cluster is neither local nor global")
			} else if (kind[i] == "node") {
				if (value[i, "number"] !~ /^[0-9]+$/ || value[i, "ip_port"] !~ /^[0-9]+$/ || value[i, "name"] == "" || value[i, "ip_address"] == "")
					fault("a node lacks its number, ip_port, ip_address or name")
			} else if (kind[i] == "heartbeat" && value[i, "region"] == "") fault("a heartbeat has no region")
			if (why != "") { print "conf\tUnreadable\t" why; exit }
			print "conf\tReadable\t" (owner == "" ? "-" : owner)
			for (i = 1; i <= n; i++) if (kind[i] == "cluster") print "conf-cluster\t" value[i, "name"] "\t" mode[i]
			for (i = 1; i <= n; i++) if (kind[i] == "node") print "conf-node\t" get(i, "cluster") "\t" value[i, "number"] "\t" value[i, "name"] "\t" value[i, "ip_address"] "\t" value[i, "ip_port"]
			for (i = 1; i <= n; i++) if (kind[i] == "heartbeat") print "conf-heartbeat\t" get(i, "cluster") "\t" value[i, "region"]
		}' "$1"
}

# cluster_default_rows: ENABLED CLUSTER THRESHOLD IDLE KEEPALIVE RECONNECT of /etc/default/o2cb, a tab between; - for none.
cluster_default_rows() {
	awk '
		/^[ \t]*O2CB_[A-Z_]+=/ {
			key = $0; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
			text = $0; sub(/^[^=]*=/, "", text); sub(/[ \t]*(#.*)?$/, "", text)
			if (text ~ /^".*"$/ || text ~ /^'\''.*'\''$/) text = substr(text, 2, length(text) - 2)
			value[key] = text
		}
		function number(key) { return value[key] ~ /^[0-9]+$/ ? value[key] : "-" }
		END {
			print (value["O2CB_ENABLED"] == "true" ? "true" : "false") "\t" \
				(value["O2CB_BOOTCLUSTER"] == "" ? "-" : value["O2CB_BOOTCLUSTER"]) "\t" number("O2CB_HEARTBEAT_THRESHOLD") "\t" \
				number("O2CB_IDLE_TIMEOUT_MS") "\t" number("O2CB_KEEPALIVE_DELAY_MS") "\t" number("O2CB_RECONNECT_DELAY_MS")
		}' "$cluster_default"
}
