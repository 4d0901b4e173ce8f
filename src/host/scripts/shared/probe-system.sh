# include: going-down.sh
# include: probe-identity.sh
# The host itself: its system, its packages, its network interfaces.

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
	if [ -d /run/systemd/system ]; then
		await_units
		if stopping_units; then row system going-down yes; else row system going-down no; fi
	elif going_down; then
		row system going-down yes
	else
		row system going-down no
	fi
}

# packages_read: sets packages_text to `NAME VERSION`, one a line.
packages_read() {
	dpkg=/var/lib/dpkg
	if kept packages "$dpkg/status" "$dpkg" "$dpkg/updates"; then
		packages_text=$kept_text
		return 0
	fi
	begin_keeping packages
	# dpkg-query exits 1 when it does not know one of them; an empty answer is valid.
	dpkg-query -W -f='${db:Status-Status} ${Package} ${Version}\n' vblade aoetools lvm2 ocfs2-tools xen-utils-common \
		sysvinit-core systemd kmod >"$work/packages" 2>/dev/null || [ $? = 1 ] || return 1
	packages_text=
	while read -r state name version; do
		[ "$state" != installed ] || packages_text="$packages_text$name $version
"
	done <"$work/packages"
	keep packages "$packages_text"
}

probe_packages() {
	have dpkg-query || return "$absent"
	packages_read || return 1
	while read -r name version; do
		[ -z "$name" ] || row packages "$name" "$version"
	done <<-END
		$packages_text
	END
}

# remember_kernel: as find_kernel_options, but reads the configuration of this kernel only once a boot.
remember_kernel() {
	[ -z "$kernel_otherwise" ] || return 0
	read -r kernel_release </proc/sys/kernel/osrelease
	if [ -f "/boot/config-$kernel_release" ] && kept kernel "/boot/config-$kernel_release"; then
		kernel_options=${kept_text#n} kernel_otherwise=n
		return 0
	fi
	begin_keeping kernel
	find_kernel_options
	[ "$kernel_otherwise" != n ] || keep kernel "n$kernel_options"
}

probe_tools() {
	for tool in vblade aoe-discover aoe-revalidate aoecfg aoeping lvs lvcreate apt-get systemctl telinit flock timeout ip \
		modprobe xl xm xenstore-ls o2cb mkfs.ocfs2 tunefs.ocfs2 debugfs.ocfs2 blkid; do
		! find_tool "$tool" || row tools "$tool" "$tool_path"
	done
}

# find_tool NAME: sets tool_path to what `command -v` would print, without starting a process.
find_tool() {
	for tool_directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
		tool_path=$tool_directory/$1
		if [ -f "$tool_path" ] && [ -x "$tool_path" ]; then return 0; fi
	done
	return 1
}

# find_masters: sets masters to the directories of all bridges and bonds, which receive what arrives at their ports.
# Open vSwitch calls its datapath ovs-system.
find_masters() {
	masters=
	for net in /sys/class/net/*; do
		if [ -d "$net/bridge" ] || [ -d "$net/bonding" ] || [ "${net##*/}" = ovs-system ]; then masters="$masters $net"; fi
	done
}

# port_of DIRECTORY: sets master to the one of $masters that it is a port of; empty if there is none.
port_of() {
	master=
	[ -L "$1/master" ] || return 0
	for port_master in $masters; do
		# shellcheck disable=SC3013
		if [ "$1/master" -ef "$port_master" ]; then master=${port_master##*/}; fi
	done
}

probe_interfaces() {
	[ -d /sys/class/net ] || return 1
	find_masters
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
