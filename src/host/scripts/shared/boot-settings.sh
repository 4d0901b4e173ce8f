# What the next boot will set, from the files that modprobe, systemd-modules-load (or init) and sysctl read. boot_files
# has the patterns of their names; use it without quotes.
boot_files='/etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf
/etc/modules /etc/modules-load.d/*.conf /run/modules-load.d/*.conf /usr/local/lib/modules-load.d/*.conf /usr/lib/modules-load.d/*.conf /lib/modules-load.d/*.conf
/etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf /etc/sysctl.conf'
# shellcheck disable=SC2016
boot_words='
# boot_settings: returns the four values from the files in ARGV, one a line.
function boot_settings(   i) {
	for (i = 1; i < ARGC; i++) boot_take(ARGV[i])
	boot_loads = "no"
	for (i = 1; i <= boot_count["modprobe"]; i++) boot_options(boot_file["modprobe", i])
	for (i = 1; i <= boot_count["load"]; i++) boot_modules(boot_file["load", i])
	for (i = 1; i <= boot_count["sysctl"]; i++) boot_sysctl(boot_file["sysctl", i])
	return boot_interfaces "\n" boot_loads "\n" boot_value["panic"] "\n" boot_value["panic_on_oops"] "\n"
}
function boot_take(path,   kind, name, at) {
	kind = path ~ /modprobe/ ? "modprobe" : path ~ /modules/ ? "load" : "sysctl"
	name = path
	sub(/.*\//, "", name)
	if (path == "/etc/sysctl.conf") name = "~"
	if ((kind, name) in boot_seen) return
	boot_seen[kind, name] = 1
	for (at = ++boot_count[kind]; at > 1 && boot_key[kind, at - 1] > name; at--) {
		boot_key[kind, at] = boot_key[kind, at - 1]
		boot_file[kind, at] = boot_file[kind, at - 1]
	}
	boot_key[kind, at] = name
	boot_file[kind, at] = path
}
function boot_options(path,   line) {
	while ((getline line < path) > 0) {
		if (line !~ /^[ \t]*options[ \t]+aoe[ \t]/ || !match(line, /aoe_iflist=("[^"]*"|[^ \t]*)/)) continue
		boot_interfaces = substr(line, RSTART + 11, RLENGTH - 11)
		gsub(/"/, "", boot_interfaces)
		gsub(/,/, " ", boot_interfaces)
	}
	close(path)
}
function boot_modules(path,   line) {
	while ((getline line < path) > 0) if (line ~ /^[ \t]*aoe([ \t]|$)/) boot_loads = "yes"
	close(path)
}
function boot_sysctl(path,   line, name) {
	while ((getline line < path) > 0) {
		if (line !~ /^[ \t]*-?kernel[.\/]panic(_on_oops)?[ \t]*=/) continue
		name = line; sub(/[ \t]*=.*/, "", name); sub(/^[ \t]*-?kernel[.\/]/, "", name)
		sub(/^[^=]*=[ \t]*/, "", line); sub(/[ \t]+$/, "", line)
		boot_value[name] = line
	}
	close(path)
}
'

# boot_settings: sets boot_aoe_interfaces (aoe_iflist), boot_loads_aoe (yes or no), boot_panic and boot_panic_on_oops
# (empty if nothing sets them). Files are read in the order of their names. Of several files with the same name, only
# the first of /etc, /run, /usr/local/lib, /usr/lib and /lib is used. The last value applies; /etc/sysctl.conf is last.
boot_settings() {
	# shellcheck disable=SC2086
	boot_text=$(awk "$boot_words"'BEGIN { printf "%s", boot_settings() }' $boot_files) || return 1
	read_boot_settings <<-END
		$boot_text
	END
}

# read_boot_settings: sets the same variables from stdin.
read_boot_settings() {
	IFS= read -r boot_aoe_interfaces || :
	IFS= read -r boot_loads_aoe || :
	IFS= read -r boot_panic || :
	IFS= read -r boot_panic_on_oops || :
}
