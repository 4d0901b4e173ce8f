# Where O2CB keeps its configuration, and its state in the kernel.
cluster_conf=/etc/ocfs2/cluster.conf
cluster_default=/etc/default/o2cb
cluster_configfs=/sys/kernel/config/cluster
stack_plugins=/sys/fs/ocfs2/loaded_cluster_plugins

# require_o2cb: refuses unless the tools are installed and read the files that xensan writes.
require_o2cb() {
	have o2cb || refuse OcfsToolsMissing "o2cb is not installed"
	[ -f "$cluster_default" ] || [ ! -f /etc/sysconfig/o2cb ] ||
		refuse OcfsToolsMissing "O2CB on this host reads /etc/sysconfig/o2cb: xensan can configure only one that reads $cluster_default, as Debian's does"
}

# o2cb_loaded: the kernel has its stack, and configfs shows it. The first mount loads the module ocfs2 itself.
o2cb_loaded() {
	[ -d "$cluster_configfs" ] || return 1
	while read -r loaded_plugin; do
		[ "$loaded_plugin" != o2cb ] || return 0
	done 2>/dev/null <"$stack_plugins"
	return 1
}

# active_cluster: sets active to the one cluster that is registered in the kernel; empty when there is none.
active_cluster() {
	active=
	for active_directory in "$cluster_configfs"/*; do
		[ ! -d "$active_directory" ] || active=${active_directory##*/}
	done
}

# awk functions: cluster_conf(FILE) and cluster_default(FILE) return what cluster_rows and cluster_default_rows print;
# nothing if there is no such file.
# shellcheck disable=SC2016
cluster_words='
function cluster_conf(path,   state, n, i, inside, at, key, text, kind, value, mode, rows) {
	conf_why = conf_owner = ""
	split("", kind); split("", value); split("", mode)
	while ((state = (getline <path)) > 0) {
		at++
		if (/^# xensan: /) { if (conf_owner == "") conf_owner = substr($0, 11); continue }
		if (/^#/) continue
		if (/^[ \t]*$/) { inside = 0; continue }
		if (/^[A-Za-z][A-Za-z0-9_]*:[ \t]*$/) { text = $0; sub(/:.*/, "", text); kind[++n] = text; inside = 1; continue }
		if (/^[ \t]+[A-Za-z][A-Za-z0-9_]*[ \t]*=/) {
			if (!inside) { conf_fault("line " at " is outside of a stanza"); continue }
			key = $0; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
			text = $0; sub(/^[^=]*=[ \t]*/, "", text); sub(/[ \t]+$/, "", text)
			gsub(/\t/, " ", text)
			value[n, key] = text
			continue
		}
		conf_fault("line " at " is not valid in a cluster.conf")
	}
	close(path)
	if (state < 0) return ""
	for (i = 1; i <= n; i++) if (kind[i] == "cluster") {
		if (value[i, "name"] == "") conf_fault("a cluster has no name")
		if (value[i, "node_count"] !~ /^[0-9]+$/) conf_fault("a cluster has no node_count")
		mode[i] = value[i, "heartbeat_mode"] == "" ? "local" : tolower(value[i, "heartbeat_mode"])
		if (mode[i] !~ /^(local|global)$/) conf_fault("the heartbeat_mode of a cluster is neither local nor global")
	} else if (kind[i] == "node") {
		if (value[i, "number"] !~ /^[0-9]+$/ || value[i, "ip_port"] !~ /^[0-9]+$/ || value[i, "name"] == "" || value[i, "ip_address"] == "")
			conf_fault("a node lacks its number, ip_port, ip_address or name")
	} else if (kind[i] == "heartbeat" && value[i, "region"] == "") conf_fault("a heartbeat has no region")
	if (conf_why != "") return "conf\tUnreadable\t" conf_why "\n"
	rows = "conf\tReadable\t" (conf_owner == "" ? "-" : conf_owner) "\n"
	for (i = 1; i <= n; i++) if (kind[i] == "cluster") rows = rows "conf-cluster\t" value[i, "name"] "\t" mode[i] "\n"
	for (i = 1; i <= n; i++) if (kind[i] == "node") rows = rows "conf-node\t" conf_get(value[i, "cluster"]) "\t" value[i, "number"] "\t" value[i, "name"] "\t" value[i, "ip_address"] "\t" value[i, "ip_port"] "\n"
	for (i = 1; i <= n; i++) if (kind[i] == "heartbeat") rows = rows "conf-heartbeat\t" conf_get(value[i, "cluster"]) "\t" value[i, "region"] "\n"
	return rows
}
function conf_fault(text) { if (conf_why == "") conf_why = text }
function conf_get(text) { return text == "" ? "-" : text }
function cluster_default(path,   state, key, text, value) {
	split("", value)
	while ((state = (getline <path)) > 0) {
		if (!/^[ \t]*O2CB_[A-Z_]+=/) continue
		key = $0; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
		text = $0; sub(/^[^=]*=/, "", text); sub(/[ \t]*(#.*)?$/, "", text)
		if (text ~ /^".*"$/ || text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
		value[key] = text
	}
	close(path)
	if (state < 0) return ""
	return (value["O2CB_ENABLED"] == "true" ? "true" : "false") "\t" \
		conf_get(value["O2CB_BOOTCLUSTER"]) "\t" conf_number(value["O2CB_HEARTBEAT_THRESHOLD"]) "\t" \
		conf_number(value["O2CB_IDLE_TIMEOUT_MS"]) "\t" conf_number(value["O2CB_KEEPALIVE_DELAY_MS"]) "\t" conf_number(value["O2CB_RECONNECT_DELAY_MS"]) "\n"
}
function conf_number(text) { return text ~ /^[0-9]+$/ ? text : "-" }
'

# cluster_rows FILE: the content of cluster.conf, one row a stanza, as probe.sh prints them (without their section):
#   conf Readable OWNER | conf Unreadable WHY;   conf-cluster NAME MODE; conf-node CLUSTER NUMBER NAME ADDRESS PORT;
#   conf-heartbeat CLUSTER REGION
# ocfs2-tools reject a file without node_count and any line that is neither stanza, attribute nor comment; a comment
# begins in the first column and takes the whole line, an empty line ends a stanza, and an attribute is indented.
cluster_rows() {
	[ -f "$1" ] || {
		printf 'conf\tMissing\n'
		return 0
	}
	awk "$cluster_words"'BEGIN { rows = cluster_conf(ARGV[1]); if (rows == "") exit 1; printf "%s", rows }' "$1"
}

# cluster_default_rows: prints ENABLED CLUSTER THRESHOLD IDLE KEEPALIVE RECONNECT of /etc/default/o2cb, with tabs; -
# for none.
cluster_default_rows() {
	awk "$cluster_words"'BEGIN { printf "%s", cluster_default(ARGV[1]) }' "$cluster_default"
}
