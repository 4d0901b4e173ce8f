#!/bin/sh
# Ensures that the AoE initiator is loaded and bound to exactly these interfaces, now and after a reboot.
# changes: /etc/modprobe.d/xensan-aoe.conf: the interfaces of the aoe driver
# undo: rm the file, then modprobe -r aoe and modprobe aoe when no AoE device is open
# changes: /etc/modules-load.d/xensan-aoe.conf, or the line aoe in /etc/modules: the driver is loaded at boot
# undo: rm the file, or remove the line
# changes: the running driver's aoe_iflist
# undo: echo INTERFACES >/sys/module/aoe/parameters/aoe_iflist
# Arguments: INTERFACE…
# Prints done<TAB>prepared or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (KernelWithoutAoe ModuleMissing InterfaceMissing InterfaceInUse ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: kernel.sh
# include: boot-settings.sh

for net; do
	[ -d "/sys/class/net/$net" ] || refuse InterfaceMissing "no interface $net; there are: $(cd /sys/class/net && echo *)"
done
take_lock aoe 30
wanted="$*"
changed=
parameter=/sys/module/aoe/parameters/aoe_iflist

# The driver accepts blanks and commas; the list is compared without regard to order and repetition.
sorted() {
	printf '%s\n' "$1" | awk '{ gsub(/,/, " "); for (i = 1; i <= NF; i++) print $i }' | sort -u | tr '\n' ' '
}

# The next boot is configured first, so that a reboot in between finds everything.
boot_settings
if [ "$(sorted "$boot_aoe_interfaces")" != "$(sorted "$wanted")" ]; then
	printf 'options aoe aoe_iflist=%s\n' "$(printf '%s' "$wanted" | tr ' ' ',')" |
		replace_file /etc/modprobe.d/xensan-aoe.conf 644
	changed=yes
	boot_settings
	[ "$(sorted "$boot_aoe_interfaces")" = "$(sorted "$wanted")" ] ||
		echo "another file in /etc/modprobe.d overrides xensan-aoe.conf" >&2
fi
if [ "$boot_loads_aoe" = no ]; then
	find_init
	if [ -d /etc/modules-load.d ] || [ "$init" = systemd ]; then
		echo aoe | replace_file /etc/modules-load.d/xensan-aoe.conf 644
	else
		{
			[ ! -f /etc/modules ] || cat /etc/modules
			echo aoe
		} >"$run_dir/modules"
		replace_file /etc/modules 644 <"$run_dir/modules"
	fi
	changed=yes
fi

if [ ! -d /sys/module/aoe ]; then
	aoe_kernel_config
	[ "$aoe_config" != Missing ] ||
		refuse KernelWithoutAoe "kernel $(uname -r) was built without CONFIG_ATA_OVER_ETH: boot one that has it"
	have modprobe || refuse ModuleMissing "no modprobe on this host: install kmod"
	error=$(modprobe aoe 2>&1) || refuse ModuleMissing "modprobe aoe: $error"
	[ -d /sys/module/aoe ] || refuse ModuleMissing "modprobe aoe reported no error, but the module is not loaded"
	changed=yes
fi

read -r current <"$parameter" || current=
if [ "$(sorted "$current")" != "$(sorted "$wanted")" ]; then
	# An open device holds the module, and would freeze without its interface. A built-in driver has no refcnt.
	opened=unknown
	{ read -r opened </sys/module/aoe/refcnt; } 2>/dev/null || :
	if [ "$opened" != 0 ]; then
		for file in /sys/block/etherd!e*/netif; do
			{ read -r used <"$file"; } 2>/dev/null || continue
			for net in $(sorted "$used"); do
				case " $wanted none " in
				*" $net "*) ;;
				*) refuse InterfaceInUse "AoE devices are open, and one is reached over $net, which is not in the new list" ;;
				esac
			done
		done
	fi
	printf '%s\n' "$wanted" >"$parameter"
	changed=yes
	# Finds targets on an interface that was excluded until now.
	! have aoe-discover || aoe-discover || :
fi
if [ -n "$changed" ]; then finish prepared; fi
finish unchanged
