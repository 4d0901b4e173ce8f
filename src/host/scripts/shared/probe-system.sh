# include: going-down.sh
# The host itself: who it is, what is installed, its network interfaces.

probe_identity() {
	word /proc/sys/kernel/hostname
	[ -n "$value" ] || return 1
	row identity hostname "${value%%.*}"
	machine_id
	[ -n "$machine_id" ] || {
		echo "no /etc/machine-id, and no product UUID in its place" >&2
		return 1
	}
	row identity machine-id "$machine_id"
	word /proc/sys/kernel/random/boot_id
	row identity boot-id "$value"
	for claim_file in "$claims_dir"/*; do
		{ IFS= read -r value <"$claim_file"; } 2>/dev/null || continue
		row identity "claim-${claim_file##*/}" "$value"
	done
}

probe_system() {
	os='' os_id=''
	for file in /etc/os-release /usr/lib/os-release; do
		[ -f "$file" ] || continue
		while IFS= read -r line || [ -n "$line" ]; do
			text=${line#*=}
			text=${text#[\"\']}
			text=${text%[\"\']}
			case $line in
			PRETTY_NAME=*) os=$text ;;
			ID=*) os_id=$text ;;
			esac
		done <"$file"
		break
	done
	row system os "${os:-unknown}"
	row system os-id "${os_id:-unknown}"
	word /proc/sys/kernel/osrelease
	row system kernel "$value"
	find_init
	row system init "$init"
	manager=none
	if have apt-get && have dpkg-query; then manager=apt; fi
	row system package-manager "$manager"
	if going_down; then row system going-down yes; else row system going-down no; fi
}

probe_packages() {
	have dpkg-query || return "$absent"
	# Exits 1 when one of them was never heard of; an empty answer is an answer.
	dpkg-query -W -f='${db:Status-Status}\t${Package}\t${Version}\n' vblade aoetools lvm2 ocfs2-tools xen-utils-common \
		sysvinit-core systemd kmod >"$work/packages" 2>/dev/null || [ $? = 1 ] || return 1
	while read -r state name version; do
		[ "$state" != installed ] || row packages "$name" "$version"
	done <"$work/packages"
}

probe_tools() {
	for tool in vblade aoe-discover aoe-revalidate aoecfg aoeping lvs lvcreate apt-get systemctl telinit flock timeout ip \
		modprobe xl xm xenstore-ls o2cb mkfs.ocfs2 tunefs.ocfs2 debugfs.ocfs2 blkid; do
		! find_tool "$tool" || row tools "$tool" "$tool_path"
	done
}

# find_tool NAME: sets tool_path as `command -v` would print it, without a process for each.
find_tool() {
	for tool_directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
		tool_path=$tool_directory/$1
		if [ -f "$tool_path" ] && [ -x "$tool_path" ]; then return 0; fi
	done
	return 1
}

# port_of DIRECTORY: sets master to the bridge or bond that takes what arrives here; empty when there is none. Open vSwitch calls
# its datapath ovs-system.
port_of() {
	master=
	[ -L "$1/master" ] || return 0
	master=$(readlink "$1/master") || return 0
	master=${master##*/}
	[ -d "${1%/*}/$master/bridge" ] || [ -d "${1%/*}/$master/bonding" ] || [ "$master" = ovs-system ] || master=
}

probe_interfaces() {
	[ -d /sys/class/net ] || return 1
	for net in /sys/class/net/*; do
		[ -f "$net/flags" ] || continue
		word "$net/address"
		mac=$value
		word "$net/mtu"
		mtu=$value
		word "$net/flags"
		flags=$value
		# Reading it fails while the interface is down.
		word "$net/carrier"
		carrier=${value:--}
		port_of "$net"
		row interfaces "${net##*/}" "$mac" "$mtu" "$flags" "$carrier" ${master:+"$master"}
	done
}
