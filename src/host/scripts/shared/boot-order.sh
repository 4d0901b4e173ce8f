# How O2CB and the mounts start at boot, under systemd and sysvinit: first the network and the AoE driver, then O2CB,
# then a loop that discovers AoE targets and mounts until everything is mounted. The SAN may start after its clients, a
# cable may be unplugged, and neither fstab nor a mount unit retries.
mounts_loop=$state_dir/mount-at-boot
mounts_unit=/etc/systemd/system/xensan-mounts.service
order_dropin=/etc/systemd/system/o2cb.service.d/xensan.conf

# The second line of a loop as this release writes it: a change of mount-at-boot.sh has another number here and there.
mounts_revision='# revision 3'

# o2cb_starts_at_boot: there is a link of its init script, which systemd reads too, or of its unit.
o2cb_starts_at_boot() {
	for order_link in /etc/rc[2345].d/S[0-9][0-9]o2cb; do
		[ ! -e "$order_link" ] || return 0
	done
	[ -e /etc/systemd/system/multi-user.target.wants/o2cb.service ]
}

# boot_order_stands: what ensure_boot_order of this release writes is in place.
boot_order_stands() {
	o2cb_starts_at_boot || return 1
	{ read -r _ && IFS= read -r order_revision; } 2>/dev/null <"$mounts_loop" || return 1
	[ "$order_revision" = "$mounts_revision" ] || return 1
	if [ -d /run/systemd/system ]; then
		[ -f "$mounts_unit" ] && [ -f "$order_dropin" ] && [ -L /etc/systemd/system/multi-user.target.wants/xensan-mounts.service ]
	else
		grep -qs "^[^#].*:once:/bin/sh $mounts_loop\$" /etc/inittab
	fi
}
