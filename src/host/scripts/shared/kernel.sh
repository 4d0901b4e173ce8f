# aoe_kernel_config: CONFIG_ATA_OVER_ETH of the running kernel: Module, BuiltIn, Missing, or Unknown when nothing tells.
aoe_kernel_config() {
	read -r kernel_release </proc/sys/kernel/osrelease
	kernel_line=
	if [ -f "/boot/config-$kernel_release" ]; then
		kernel_line=$(grep -E 'CONFIG_ATA_OVER_ETH[= ]' "/boot/config-$kernel_release" || echo none)
	elif [ -f /proc/config.gz ]; then
		kernel_line=$(zcat /proc/config.gz | grep -E 'CONFIG_ATA_OVER_ETH[= ]' || echo none)
	elif grep -qs '/aoe\.ko' "/lib/modules/$kernel_release/modules.dep"; then
		kernel_line=CONFIG_ATA_OVER_ETH=m
	elif grep -qs '/aoe\.ko' "/lib/modules/$kernel_release/modules.builtin"; then
		kernel_line=CONFIG_ATA_OVER_ETH=y
	fi
	case $kernel_line in
	*=m) echo Module ;;
	*=y) echo BuiltIn ;;
	'') echo Unknown ;;
	*) echo Missing ;;
	esac
}

# aoe_persisted_interfaces: aoe_iflist as modprobe would set it: the options of all files are joined in the order of
# their names, a file in /etc replaces one of the same name in /usr, and the last value of a parameter holds.
aoe_persisted_interfaces() {
	for modprobe_file in /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf; do
		[ ! -f "$modprobe_file" ] || echo "${modprobe_file##*/} $modprobe_file"
	done | sort -s -k1,1 | awk '
		$1 == last { next }
		{
			last = $1
			while ((getline line < $2) > 0) {
				if (line !~ /^[ \t]*options[ \t]+aoe[ \t]/ || !match(line, /aoe_iflist=("[^"]*"|[^ \t]*)/)) continue
				found = substr(line, RSTART + 11, RLENGTH - 11)
				gsub(/"/, "", found)
				gsub(/,/, " ", found)
			}
			close($2)
		}
		END { print found }'
}

# aoe_loads_at_boot: some file says so, and no file of the same name in /etc masks it.
aoe_loads_at_boot() {
	for boot_file in /etc/modules /etc/modules-load.d/*.conf /run/modules-load.d/*.conf /usr/local/lib/modules-load.d/*.conf \
		/usr/lib/modules-load.d/*.conf /lib/modules-load.d/*.conf; do
		grep -qsE '^[[:space:]]*aoe([[:space:]]|$)' "$boot_file" || continue
		boot_mask=/etc/modules-load.d/${boot_file##*/}
		case $boot_file in
		/etc/*) return 0 ;;
		*) [ -e "$boot_mask" ] || [ -L "$boot_mask" ] || return 0 ;;
		esac
	done
	return 1
}
