# include: boot-order.sh
# include: atomic.sh
# include: inittab.sh

# ensure_boot_order: sets order_changed to yes if it changed anything.
ensure_boot_order() {
	order_changed=
	ensure_file_text "$mounts_loop" 755 <<'LOOP'
# embed: mount-at-boot.sh
LOOP
	if ! o2cb_starts_at_boot; then
		! have update-rc.d || { update-rc.d o2cb defaults && update-rc.d o2cb enable; } >&2 9>&- || :
		order_changed=yes
	fi
	find_init
	case $init in
	systemd)
		ensure_file_text "$order_dropin" 644 <<-'END'
			# A global heartbeat needs its devices.
			[Unit]
			Wants=network-online.target
			After=network-online.target aoe-discover.service
		END
		ensure_file_text "$mounts_unit" 644 <<-END
			# Mounts OCFS2 after a boot as soon as network, AoE and O2CB let it; see $mounts_loop
			[Unit]
			Description=OCFS2 file systems of xensan
			Wants=network-online.target o2cb.service
			After=network-online.target aoe-discover.service o2cb.service

			[Service]
			ExecStart=/bin/sh $mounts_loop
			KillMode=process
			Restart=on-failure
			RestartSec=10

			[Install]
			WantedBy=multi-user.target
		END
		if [ -n "$order_changed" ]; then systemctl daemon-reload 9>&- || :; fi
		if [ ! -L /etc/systemd/system/multi-user.target.wants/xensan-mounts.service ]; then
			systemctl enable xensan-mounts.service >&2 9>&-
			order_changed=yes
		fi
		;;
	sysvinit)
		if ! grep -qs "^[^#].*:once:/bin/sh $mounts_loop\$" /etc/inittab; then
			order_id=$(inittab_free_id '')
			{
				cat /etc/inittab
				echo "# xensan: mounts"
				echo "$order_id:2345:once:/bin/sh $mounts_loop"
			} | inittab_replace
			order_changed=yes
		fi
		;;
	*) refuse InitNotSupported "neither systemd nor sysvinit runs on this host: nothing would be mounted after a reboot" ;;
	esac
}

# ensure_file_text FILE MODE: ensures that FILE contains the text on stdin.
ensure_file_text() {
	boot_wanted=$run_dir/wanted.$$
	cat >"$boot_wanted"
	if [ -f "$1" ] && cmp -s "$boot_wanted" "$1"; then
		rm -f "$boot_wanted"
		return 0
	fi
	replace_file "$1" "$2" <"$boot_wanted"
	rm -f "$boot_wanted"
	order_changed=yes
}

# remove_boot_order: removes what ensure_boot_order wrote.
remove_boot_order() {
	find_init
	case $init in
	systemd)
		[ ! -f "$mounts_unit" ] || systemctl disable xensan-mounts.service >&2 9>&- || :
		rm -f "$mounts_unit" "$order_dropin"
		rmdir "${order_dropin%/*}" 2>/dev/null || :
		systemctl daemon-reload 9>&- || :
		;;
	sysvinit)
		if grep -qs ":once:/bin/sh $mounts_loop\$" /etc/inittab; then
			awk -v loop=":once:/bin/sh $mounts_loop" '
				/^# xensan: mounts$/ { next }
				substr($0, length($0) - length(loop) + 1) == loop { next }
				{ print }' /etc/inittab | inittab_replace
		fi
		;;
	esac
	rm -f "$mounts_loop"
}
