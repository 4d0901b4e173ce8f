#!/bin/sh
# Ensures that a network interface is switched on, now and at every boot. Gives it no address.
# changes: /etc/systemd/system/xensan-interface@.service, enabled for the interface, or a line in /etc/inittab; the interface is switched on
# undo: systemctl disable --now xensan-interface@INTERFACE and rm the unit, or remove the line from /etc/inittab
# Arguments: INTERFACE
# Prints done<TAB>up or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (InterfaceMissing InterfaceDown ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: inittab.sh

net=$1
[ -d "/sys/class/net/$net" ] || refuse InterfaceMissing "no interface $net; there are: $(cd /sys/class/net && echo *)"
# Under sysvinit, exports are in the same inittab.
take_lock storage 20
changed=

is_up() {
	read -r flags <"/sys/class/net/$net/flags"
	[ $((flags & 1)) = 1 ]
}

# configured_by_host: the host's own configuration switches it on at boot, so ours is not needed.
configured_by_host() {
	for file in /etc/network/interfaces /etc/network/interfaces.d/*; do
		[ -f "$file" ] || continue
		awk -v net="$net" '
			$1 == "auto" || $1 == "allow-auto" || $1 == "allow-hotplug" { for (i = 2; i <= NF; i++) if ($i == net) found = 1 }
			END { exit !found }' "$file" && return 0
	done
	for file in /etc/systemd/network/*.network /etc/NetworkManager/system-connections/*; do
		[ -f "$file" ] || continue
		awk -F '[= \t]+' -v net="$net" '
			($1 == "Name" || $1 == "interface-name") { for (i = 2; i <= NF; i++) if ($i == net) found = 1 }
			END { exit !found }' "$file" && return 0
	done
	return 1
}

persist_systemd() {
	unit=/etc/systemd/system/xensan-interface@.service
	instance=xensan-interface@$(systemd-escape -- "$net").service
	if [ ! -f "$unit" ]; then
		replace_file "$unit" 644 <<-'END'
			# Switches on a network interface that carries ATA over Ethernet and that nothing else configures.
			[Unit]
			Description=Network interface %I up
			DefaultDependencies=no
			After=systemd-udevd.service local-fs.target
			Before=network.target
			Conflicts=shutdown.target

			[Service]
			Type=oneshot
			RemainAfterExit=yes
			TimeoutStartSec=120
			ExecStart=/bin/sh -c 'PATH=/usr/sbin:/usr/bin:/sbin:/bin; for i in $(seq 60); do ip link set dev "$$0" up && exit 0; sleep 1; done; exit 1' %I

			[Install]
			WantedBy=multi-user.target
		END
		changed=yes
	fi
	if [ ! -L "/etc/systemd/system/multi-user.target.wants/$instance" ]; then
		systemctl enable "$instance" >&2
		changed=yes
	fi
}

persist_sysvinit() {
	if ! grep -q "^[^#].*:once:.* link set dev $net up\$" /etc/inittab; then
		id=$(inittab_free_id '')
		{
			cat /etc/inittab
			echo "# xensan: interface $net"
			echo "$id:2345:once:$(command -v ip) link set dev $net up"
		} | inittab_replace
		changed=yes
	fi
}

if ! configured_by_host; then
	find_init
	case $init in
	systemd) persist_systemd ;;
	sysvinit) persist_sysvinit ;;
	esac
fi
if ! is_up; then
	if have ip; then
		error=$(ip link set dev "$net" up 2>&1) || refuse InterfaceDown "$net does not come up: $error"
	else
		error=$(ifconfig "$net" up 2>&1) || refuse InterfaceDown "$net does not come up: $error"
	fi
	changed=yes
	is_up || refuse InterfaceDown "$net was brought up but is down again"
fi
if [ -n "$changed" ]; then finish up; fi
finish unchanged
