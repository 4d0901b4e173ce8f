# include: xen.sh
# include: xen-processes.sh
# include: xendomains.sh
# The toolstack, its domains and whatever it does now.

probe_toolstack() {
	kind=$(toolstack_kind)
	row toolstack kind "$kind"
	dom0=no
	! privileged || dom0=yes
	if [ "$kind" != none ]; then
		info=$(limit 8 "$kind" info 2>/dev/null </dev/null) || info=
		case $info in
		*xen_major*)
			dom0=yes
			printf '%s\n' "$info" | awk '{
				at = index($0, ":")
				key = substr($0, 1, at - 1); sub(/[ \t]+$/, "", key)
				text = substr($0, at + 1); sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text)
				if (key ~ /^(xen_major|xen_minor|xen_extra|total_memory|free_memory|nr_cpus|hw_caps|virt_caps)$/) value[key] = text
			} END {
				# A query that failed leaves its line out, and xl info exits 0 all the same.
				if (value["total_memory"] == "" || value["free_memory"] == "") exit
				count = split("xen_major xen_minor xen_extra total_memory free_memory nr_cpus hw_caps virt_caps", wanted, " ")
				for (i = 1; i <= count; i++) printf "toolstack\tinfo\t%s\t%s\n", wanted[i], value[wanted[i]]
			}' || return 1
			;;
		esac
	fi
	row toolstack dom0 "$dom0"
	for file in /etc/default/xendomains /etc/sysconfig/xendomains; do
		[ -f "$file" ] || continue
		xendomains_values "$file"
		row toolstack automatic "${xendomains_save:--}" "${xendomains_restore:--}" "${xendomains_auto:--}"
		break
	done
	[ "$kind" = none ] || service_rows
	for bridge in /sys/class/net/*/bridge; do
		[ -d "$bridge" ] || continue
		bridge=${bridge%/bridge}
		row toolstack bridge "${bridge##*/}"
	done
	[ "$kind" != xm ] || xend_rows
}

# Debian's xen is what others call xencommons.
service_rows() {
	if [ -d /run/systemd/system ]; then
		limit 8 systemctl show --no-pager --property=Id,LoadState,ActiveState xencommons.service xen.service xendomains.service \
			xen-watchdog.service xenwatchdogd.service </dev/null 2>/dev/null | awk '
			/^Id=/ { id = substr($0, 4); sub(/\.service$/, "", id) }
			/^LoadState=/ { load = substr($0, 11) }
			/^ActiveState=/ { active = substr($0, 13) }
			/^$/ { flush() }
			END {
				flush()
				print "toolstack\tservice\txencommons\t" best("xencommons", "xen")
				print "toolstack\tservice\txendomains\t" best("xendomains", "xendomains")
				print "toolstack\tservice\twatchdog\t" best("xen-watchdog", "xenwatchdogd")
			}
			function flush() { if (id != "") state[id] = load == "not-found" || load == "masked" ? "missing" : active == "active" ? "active" : "inactive"; id = "" }
			function best(one, other) {
				if (state[one] == "active" || state[other] == "active") return "active"
				if (state[one] == "inactive" || state[other] == "inactive") return "inactive"
				return "missing"
			}'
		return 0
	fi
	state=missing
	for script in xencommons xen xend; do [ ! -x "/etc/init.d/$script" ] || state=inactive; done
	watchdog=missing
	! have xenwatchdogd || watchdog=inactive
	for process in /proc/[0-9]*; do
		word "$process/comm"
		case $value in
		xenstored | oxenstored) state=active ;;
		xenwatchdogd) watchdog=active ;;
		esac
	done
	row toolstack service xencommons "$state"
	domains=missing
	[ ! -x /etc/init.d/xendomains ] || domains=inactive
	[ ! -e /var/lock/subsys/xendomains ] || domains=active
	row toolstack service xendomains "$domains"
	row toolstack service watchdog "$watchdog"
}

# The password is a secret: what is told is whether there is one.
xend_rows() {
	[ -f /etc/xen/xend-config.sxp ] || return 0
	awk '/^[ \t]*\([a-z0-9-]+[ \t].*\)/ {
		line = $0
		sub(/^[ \t]*\(/, "", line); sub(/\)[^)]*$/, "", line)
		key = line; sub(/[ \t].*/, "", key)
		text = line; sub(/^[^ \t]*[ \t]+/, "", text)
		if (key !~ /^(xend-relocation-(server|port|address|hosts-allow)|network-script|vif-script|dom0-min-mem|dom0-cpus|vncpasswd)$/) next
		if (key == "vncpasswd" && text != "\047\047") text = "\047...\047"
		gsub(/\\/, "\\134", text); gsub(/\t/, "\\011", text)
		print "toolstack\txend\t" key "\t" text
	}' /etc/xen/xend-config.sxp
}

probe_domains() {
	[ "$(toolstack_kind)" != none ] || return "$absent"
	# Looked at before the list: what has ended by then shows in the list, and what began after it is in neither.
	toolstack_processes | while IFS= read -r line; do printf 'domains\tprocess\t%s\n' "$line"; done
	domain_rows >"$work/domains.rows" || {
		# No domain runs on a host that does not run under Xen: that is certain where the kernel says so.
		word /sys/hypervisor/type
		if [ "$value" = xen ] || [ -e /proc/xen ]; then return 1; fi
		return "$absent"
	}
	sed 's/\\/\\134/g; s/^/domains\tdomain\t/' "$work/domains.rows"
}
