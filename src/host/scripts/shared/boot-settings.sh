# What the next boot will set, read from the files that modprobe, systemd-modules-load (or init) and sysctl read.
boot_settings_known=

# boot_settings: sets boot_aoe_interfaces (aoe_iflist), boot_loads_aoe (yes or no), boot_panic and boot_panic_on_oops (empty when
# nothing sets them). Files count in the order of their names; of several with the same name the one in /etc does, then /run,
# /usr/local/lib, /usr/lib; the last value holds; /etc/sysctl.conf comes last.
boot_settings() {
	boot_text=$(awk '
		BEGIN {
			for (i = 1; i < ARGC; i++) take(ARGV[i])
			loads = "no"
			for (i = 1; i <= count["modprobe"]; i++) options(file["modprobe", i])
			for (i = 1; i <= count["load"]; i++) modules(file["load", i])
			for (i = 1; i <= count["sysctl"]; i++) sysctl(file["sysctl", i])
			print interfaces
			print loads
			print value["panic"]
			print value["panic_on_oops"]
			print "end"
		}
		function take(path,   kind, name, at) {
			kind = path ~ /modprobe/ ? "modprobe" : path ~ /modules/ ? "load" : "sysctl"
			name = path
			sub(/.*\//, "", name)
			if (path == "/etc/sysctl.conf") name = "~"
			if ((kind, name) in seen) return
			seen[kind, name] = 1
			for (at = ++count[kind]; at > 1 && key[kind, at - 1] > name; at--) {
				key[kind, at] = key[kind, at - 1]
				file[kind, at] = file[kind, at - 1]
			}
			key[kind, at] = name
			file[kind, at] = path
		}
		function options(path,   line) {
			while ((getline line < path) > 0) {
				if (line !~ /^[ \t]*options[ \t]+aoe[ \t]/ || !match(line, /aoe_iflist=("[^"]*"|[^ \t]*)/)) continue
				interfaces = substr(line, RSTART + 11, RLENGTH - 11)
				gsub(/"/, "", interfaces)
				gsub(/,/, " ", interfaces)
			}
			close(path)
		}
		function modules(path,   line) {
			while ((getline line < path) > 0) if (line ~ /^[ \t]*aoe([ \t]|$)/) loads = "yes"
			close(path)
		}
		function sysctl(path,   line, name) {
			while ((getline line < path) > 0) {
				if (line !~ /^[ \t]*-?kernel[.\/]panic(_on_oops)?[ \t]*=/) continue
				name = line; sub(/[ \t]*=.*/, "", name); sub(/^[ \t]*-?kernel[.\/]/, "", name)
				sub(/^[^=]*=[ \t]*/, "", line); sub(/[ \t]+$/, "", line)
				value[name] = line
			}
			close(path)
		}' \
		/etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf \
		/etc/modules /etc/modules-load.d/*.conf /run/modules-load.d/*.conf /usr/local/lib/modules-load.d/*.conf \
		/usr/lib/modules-load.d/*.conf /lib/modules-load.d/*.conf \
		/etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf \
		/etc/sysctl.conf) || return 1
	{
		IFS= read -r boot_aoe_interfaces
		IFS= read -r boot_loads_aoe
		IFS= read -r boot_panic
		IFS= read -r boot_panic_on_oops
	} <<-END
		$boot_text
	END
	boot_settings_known=yes
}
