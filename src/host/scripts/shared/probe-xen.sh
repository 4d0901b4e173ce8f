# include: xen.sh
# include: probe-domain-list.sh
# include: xendomains.sh
# include: awk-words.sh
# include: sxp.sh
# include: watchdogs.sh
# The toolstack.

probe_toolstack() {
	find_toolstack
	row toolstack kind "$toolstack"
	dom0=no
	! privileged || dom0=yes
	major=
	if [ "$toolstack" != none ] && ask_info; then info_rows; fi
	[ -z "$major" ] || dom0=yes
	row toolstack dom0 "$dom0"
	for file in /etc/default/xendomains /etc/sysconfig/xendomains; do
		[ -f "$file" ] || continue
		xendomains_values "$file"
		row toolstack automatic "${xendomains_save:--}" "${xendomains_restore:--}" "${xendomains_auto:--}"
		break
	done
	if [ "$toolstack" != none ]; then
		service_rows
		watchdog_rows
	fi
	for bridge in /sys/class/net/*/bridge; do
		[ -d "$bridge" ] || continue
		bridge=${bridge%/bridge}
		row toolstack bridge "${bridge##*/}"
	done
	# Without Xen's script, no network card can be connected to an Open vSwitch bridge.
	if have ovs-vsctl && [ -x /etc/xen/scripts/vif-openvswitch ] &&
		limited 5 ovs-vsctl --timeout=3 list-br >"$work/ovs-bridges" 2>/dev/null </dev/null; then
		while IFS= read -r bridge; do row toolstack ovs-bridge "$bridge"; done <"$work/ovs-bridges"
	fi
	[ "$toolstack" != xm ] || xend_rows
}

# ask_info: sets what read_info sets. Free memory changes with the domains and their memory, which the list shows:
# while these are the same, an answer of the last few minutes is valid. Call it after probe_domains.
info_seconds=300
ask_info() {
	listed=
	[ ! -s "$work/domains.said" ] || while read -r name id memory cpus _ _ rest; do
		listed="$listed$name $id $memory $cpus $rest;"
	done <"$work/domains.said"
	read -r info_now _ </proc/uptime
	info_now=${info_now%.*}
	if [ -n "$listed" ] && kept_info; then
		read_info <<-END
			$info_kept
		END
		return 0
	fi
	limited 8 "$toolstack" info >"$work/info" 2>/dev/null </dev/null || return 1
	read_info <"$work/info"
	[ -n "$total" ] && [ -n "$free" ] || return 1
	begin_keeping info
	keep info "$info_now
$listed
xen_major:$major
xen_minor:$minor
xen_extra:$extra
total_memory:$total
free_memory:$free
nr_cpus:$cpus
hw_caps:$hardware
virt_caps:$virtual
xen_commandline:$command_line"
}

# kept_info: sets info_kept to an earlier answer; fails if there is none that is still valid.
kept_info() {
	kept info || return 1
	{
		IFS= read -r info_at
		IFS= read -r info_listed
	} <<-END
		$kept_text
	END
	[ "$info_listed" = "$listed" ] && [ "$info_at" -le "$info_now" ] &&
		[ $((info_now - info_at)) -lt "$info_seconds" ] || return 1
	info_kept=${kept_text#"$info_at"?"$info_listed"?}
}

# read_info: reads what xl info prints. xl omits the line of a failed query and still exits 0, so an answer without the
# memory is not used.
read_info() {
	major='' minor='' extra='' total='' free='' cpus='' hardware='' virtual='' command_line=''
	while IFS=: read -r key text; do
		text=${text#"${text%%[![:space:]]*}"}
		text=${text%"${text##*[![:space:]]}"}
		case ${key%%[[:space:]]*} in
		xen_major) major=$text ;;
		xen_minor) minor=$text ;;
		xen_extra) extra=$text ;;
		total_memory) total=$text ;;
		free_memory) free=$text ;;
		nr_cpus) cpus=$text ;;
		hw_caps) hardware=$text ;;
		virt_caps) virtual=$text ;;
		xen_commandline) command_line=$text ;;
		esac
	done
}

info_rows() {
	row toolstack info xen_major "$major"
	row toolstack info xen_minor "$minor"
	row toolstack info xen_extra "$extra"
	row toolstack info total_memory "$total"
	row toolstack info free_memory "$free"
	row toolstack info nr_cpus "$cpus"
	row toolstack info hw_caps "$hardware"
	row toolstack info virt_caps "$virtual"
	[ "$toolstack" != xl ] || dom0_memory
}

# dom0_memory: MiB that dom0 owns, MiB that its kernel could give up, and whether xl takes memory from it for a new
# domain. With autoballoon=auto, xl does so unless Xen has a dom0_mem option (auto_autoballoon in xl.c).
dom0_memory() {
	word /sys/devices/system/xen_memory/xen_memory0/info/current_kb
	case $value in '' | *[!0-9]*) return 0 ;; esac
	owned=$((value / 1024))
	free='' available=''
	while read -r key kilobytes _; do
		case $key in
		MemFree:) free=$kilobytes ;;
		# Kernels before 3.14 do not report the available memory.
		MemAvailable:) available=$kilobytes && break ;;
		esac
	done </proc/meminfo || return 0
	available=${available:-$free}
	case $available in '' | *[!0-9]*) return 0 ;; esac
	available=$((available / 1024))
	balloons=
	[ ! -r /etc/xen/xl.conf ] || while IFS= read -r line || [ -n "$line" ]; do
		case $line in *autoballoon*=*) ;; *) continue ;; esac
		key=${line%%=*}
		text=${line#*=}
		key=${key#"${key%%[![:blank:]]*}"}
		[ "${key%"${key##*[![:blank:]]}"}" = autoballoon ] || continue
		text=${text%%#*}
		text=${text#"${text%%[![:blank:]\"\']*}"}
		balloons=${text%%[[:blank:]\"\']*}
	done </etc/xen/xl.conf
	case $balloons in
	on | 1) balloons=yes ;;
	off | 0) balloons=no ;;
	*)
		balloons=yes
		case " $command_line" in *' dom0_mem='[0-9m-]*) balloons=no ;; esac
		;;
	esac
	row toolstack dom0-memory "$owned" "$available" "$balloons"
}

service_rows() {
	if [ -d /run/systemd/system ]; then
		row later services
		return 0
	fi
	state=missing
	for script in xencommons xen xend; do [ ! -x "/etc/init.d/$script" ] || state=inactive; done
	watchdog=missing
	! have xenwatchdogd || watchdog=inactive
	know_processes || :
	while read -r _ name; do
		case $name in
		xenstored | oxenstored) state=active ;;
		xenwatchdogd) watchdog=active ;;
		esac
	done <<-END
		$found_processes
	END
	row toolstack service xencommons "$state"
	domains=missing
	[ ! -x /etc/init.d/xendomains ] || domains=inactive
	[ ! -e /var/lock/subsys/xendomains ] || domains=active
	row toolstack service xendomains "$domains"
	row toolstack service watchdog "$watchdog"
}

# The password is a secret: prints only whether it is set.
xend_rows() {
	[ -f /etc/xen/xend-config.sxp ] || return 0
	awk "$escape_fields$sxp_lists"'
	function printed(line) { }
	function list(key, text, raw) {
		if (key !~ /^(xend-relocation-(server|port|address|hosts-allow)|network-script|vif-script|dom0-min-mem|dom0-cpus|vncpasswd)$/) return
		if (key == "vncpasswd" && text != "\047\047") text = "\047...\047"
		print "toolstack\txend\t" key "\t" esc(text)
	}' /etc/xen/xend-config.sxp
	# The revision of the password that was written; unknown if the file changed later.
	[ -f "$state_dir/xend-password" ] || return 0
	[ -z "$(find /etc/xen/xend-config.sxp -newer "$state_dir/xend-password" 2>/dev/null)" ] || return 0
	word "$state_dir/xend-password"
	[ -z "$value" ] || row toolstack xend-password "$value"
}
