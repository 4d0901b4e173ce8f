# include: o2cb.sh
# include: boot-order.sh
# The cluster stack: its configuration, and its state in the kernel.

probe_o2cb() {
	remember_kernel
	ocfs2_kernel_config
	loaded=no
	! o2cb_loaded || loaded=yes
	[ "$ocfs2_config$loaded" != Missingno ] || return "$absent"
	row o2cb kernel "$ocfs2_config"
	row o2cb loaded "$loaded"
	read_settings || return 1
	if [ -f "$cluster_conf" ]; then
		[ -s "$work/cluster-conf" ] || return 1
		while IFS= read -r line; do printf '%s\n' "$line"; done <"$work/cluster-conf"
	else
		row o2cb conf Missing
	fi
	[ -z "$cluster_default_row" ] || printf 'o2cb\tboot\t%s\n' "$cluster_default_row"
	if boot_order_stands; then row o2cb boot-order yes; else row o2cb boot-order no; fi
	{ [ -n "$panic_on_oops_now" ] && [ -n "$panic_now" ]; } || return 1
	sysctl_row panic_on_oops "$panic_on_oops_now" "$boot_panic_on_oops"
	sysctl_row panic "$panic_now" "$boot_panic"
	active_cluster
	[ -z "$active" ] || active_rows "$cluster_configfs/$active"
}

# sysctl_row NAME NOW ATBOOT
sysctl_row() {
	if [ "$2" = "$3" ]; then row o2cb sysctl "$1" "$2" yes; else row o2cb sysctl "$1" "$2" no; fi
}

# active_rows DIRECTORY
active_rows() {
	set -- "$1" o2cb active "${1##*/}"
	for name in heartbeat/dead_threshold idle_timeout_ms keepalive_delay_ms reconnect_delay_ms fence_method heartbeat/mode; do
		word "$1/$name"
		# Kernels before 2.6.37 have neither a global heartbeat nor a fence method.
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
		case $value in *!*) value=${value%%!*}/${value#*!} ;; esac
		row o2cb region "${region##*/}" "/dev/$value"
	done
	numbers live /sys/kernel/debug/o2hb/livenodes
	numbers connected /sys/kernel/debug/o2net/connected_nodes
}

# numbers KIND FILE: prints node numbers separated by commas.
numbers() {
	[ -r "$2" ] || return 0
	word "$2"
	list=
	for number in $value; do list=$list${list:+,}$number; done
	row o2cb "$1" "${list:--}"
}
