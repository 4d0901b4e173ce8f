# include: processes.sh
# watchdog_rows: prints `toolstack watchdog NAME SECONDS yes|no` of each watchdog that runs below dom0 and resets the
# machine when dom0 hangs for this long; yes: it also runs after a boot. The kernel's own softdog does not count: it
# hangs with dom0.
watchdog_rows() {
	# xenwatchdogd keeps rearming Xen's timer. When dom0 hangs, Xen resets the machine.
	know_processes || :
	while read -r watchdog watchdog_name; do
		[ "$watchdog_name" = xenwatchdogd ] || continue
		watchdog_seconds=$(tr '\000' '\n' 2>/dev/null <"/proc/$watchdog/cmdline" | awk 'NR > 1 && /^[0-9]+$/ { print; exit }')
		[ -n "$watchdog_seconds" ] || continue
		if begins_at_boot xensan-watchdog xen-watchdog xenwatchdogd; then value=yes; else value=no; fi
		row toolstack watchdog xenwatchdogd "$watchdog_seconds" "$value"
	done <<-END
		$found_processes
	END
	for watchdog in /sys/class/watchdog/watchdog*; do
		[ -d "$watchdog" ] || continue
		# Active: a program has opened it, and it counts down.
		word "$watchdog/state"
		[ "$value" = active ] || continue
		word "$watchdog/identity"
		watchdog_name=$value
		[ "$watchdog_name" != "Software Watchdog" ] || continue
		word "$watchdog/timeout"
		case $value in '' | *[!0-9]*) continue ;; esac
		watchdog_seconds=$value
		value=no
		if begins_at_boot watchdog || systemd_opens_watchdog; then value=yes; fi
		row toolstack watchdog "${watchdog_name:-${watchdog##*/}}" "$watchdog_seconds" "$value"
	done
}

# begins_at_boot SERVICE…: one of them starts at boot.
begins_at_boot() {
	for boot_service; do
		for boot_link in /etc/systemd/system/*.wants/"$boot_service.service" /etc/rc2.d/S??"$boot_service"; do
			if [ -L "$boot_link" ] || [ -e "$boot_link" ]; then return 0; fi
		done
	done
	return 1
}

systemd_opens_watchdog() {
	grep -qsE '^RuntimeWatchdogSec=[ ]*[1-9]' /etc/systemd/system.conf /etc/systemd/system.conf.d/*.conf
}
