# include: o2cb.sh
# include: boot-order.sh
# The cluster stack: what is configured, and what the kernel does.

probe_o2cb() {
	kernel_config=$(ocfs2_kernel_config)
	loaded=no
	! o2cb_loaded || loaded=yes
	[ "$kernel_config$loaded" != Missingno ] || return "$absent"
	row o2cb kernel "$kernel_config"
	row o2cb loaded "$loaded"
	cluster_rows "$cluster_conf" >"$work/cluster-conf" || return 1
	while IFS= read -r line; do printf 'o2cb\t%s\n' "$line"; done <"$work/cluster-conf"
	if [ -f "$cluster_default" ]; then printf 'o2cb\tboot\t%s\n' "$(cluster_default_rows)"; fi
	if boot_order_stands; then row o2cb boot-order yes; else row o2cb boot-order no; fi
	sysctl_at_boot >"$work/sysctl" || return 1
	# cat: read takes one byte at a time, and these files give no second one.
	cat /proc/sys/kernel/panic_on_oops /proc/sys/kernel/panic >"$work/panic" || return 1
	for name in panic_on_oops panic; do
		read -r value
		persisted=no
		while read -r key wanted; do
			if [ "$key $wanted" = "$name $value" ]; then persisted=yes; fi
		done <"$work/sysctl"
		row o2cb sysctl "$name" "$value" "$persisted"
	done <"$work/panic"
	active=$(active_cluster)
	[ -z "$active" ] || active_rows "$cluster_configfs/$active"
}

# active_rows DIRECTORY
active_rows() {
	set -- "$1" o2cb active "${1##*/}"
	for name in heartbeat/dead_threshold idle_timeout_ms keepalive_delay_ms reconnect_delay_ms fence_method heartbeat/mode; do
		word "$1/$name"
		# Kernels before 2.6.37 know neither global heartbeat nor a fence method.
		case $name in fence_method) value=${value:-reset} ;; heartbeat/mode) value=${value:-local} ;; esac
		set -- "$@" "$value"
	done
	directory=$1
	shift
	row "$@"
	for node in "$directory"/node/*; do
		[ -d "$node" ] || continue
		set -- "${node##*/}"
		word "$node/num"
		set -- "$value" "$@"
		for name in ipv4_address ipv4_port local; do
			word "$node/$name"
			set -- "$@" "$value"
		done
		row o2cb active-node "$@"
	done
	for region in "$directory"/heartbeat/*; do
		[ -d "$region" ] || continue
		word "$region/dev"
		# A region that is being set up has no device yet.
		[ -n "$value" ] || continue
		row o2cb region "${region##*/}" "/dev/$(printf '%s' "$value" | tr '!' '/')"
	done
	numbers live /sys/kernel/debug/o2hb/livenodes
	numbers connected /sys/kernel/debug/o2net/connected_nodes
}

# numbers KIND FILE: node numbers with commas between.
numbers() {
	[ -r "$2" ] || return 0
	word "$2"
	# shellcheck disable=SC2086
	set -- "$1" $value
	kind=$1
	shift
	list=$(
		IFS=,
		printf '%s' "$*"
	)
	row o2cb "$kind" "${list:--}"
}
