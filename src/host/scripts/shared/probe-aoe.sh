# The AoE initiator, its devices and their users, and the targets that answer on the segment.

probe_aoe() {
	remember_kernel
	aoe_kernel_config
	loaded=no
	[ ! -d /sys/module/aoe ] || loaded=yes
	[ "$aoe_config$loaded" != Missingno ] || return "$absent"
	row aoe kernel-config "$aoe_config"
	row aoe loaded "$loaded"
	word /sys/module/aoe/version
	row aoe version "$value"
	word /sys/module/aoe/parameters/aoe_iflist
	row aoe iflist "$value"
	word /sys/module/aoe/parameters/aoe_deadsecs
	row aoe deadsecs "$value"
	read_settings || return 1
	row aoe persisted-iflist "$boot_aoe_interfaces"
	[ "$aoe_config" != BuiltIn ] || boot_loads_aoe=yes
	row aoe persisted "$boot_loads_aoe"
}

probe_aoe_devices() {
	for file in /sys/block/loop*/loop/backing_file; do
		[ ! -f "$file" ] || echo "$file"
	done >"$work/loops"
	[ -d /sys/module/aoe ] || {
		# Images on loop devices may also be disks of domains.
		[ ! -s "$work/loops" ] || ask_xenstore 2>/dev/null || :
		return "$absent"
	}
	for sys in /sys/block/etherd!e*; do
		[ -d "$sys" ] || continue
		echo "device $sys"
		for part in "$sys"/etherd!e*; do [ ! -d "$part" ] || echo "part $sys $part"; done
		for held in "$sys"/holders/* "$sys"/etherd!e*/holders/*; do [ ! -e "$held" ] || echo "holder $sys ${held##*/}"; done
	done >"$work/etherd"
	: >"$work/openers"
	# ls -l prints the targets of the links and does not follow them, so it does not access a dead device.
	# shellcheck disable=SC2012
	all_mounted || ls -l /proc/[0-9]*/fd >"$work/openers" 2>/dev/null || :
	ask_xenstore || return 1
	row later aoe-devices
}

# ask_xenstore: writes the backends in xenstore to $work/xenstore; an empty file if there is no xenstore.
ask_xenstore() {
	: >"$work/xenstore"
	[ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ] || return 0
	have xenstore-ls || {
		echo "no xenstore-ls: cannot tell which domains use a device" >&2
		return 1
	}
	limited 8 xenstore-ls -f /local/domain/0/backend >"$work/xenstore" 2>"$work/xenstore.err" || {
		grep -q "No such file" "$work/xenstore.err" || {
			cat "$work/xenstore.err" >&2
			echo "xenstore-ls did not answer within 8 seconds or failed" >&2
			return 1
		}
	}
}

# awk function, after $escape_fields and $target_words: aoe_devices() prints the rows of what probe_aoe_devices has found.
# shellcheck disable=SC2016
aoe_words='
function aoe_user(name, text) {
	if ((name, text) in aoe_told) return
	aoe_told[name, text] = aoe_used[name] = 1
	aoe_users[++aoe_user_count] = name "\t" esc(text)
}
function aoe_device(sys, name,   macs, file, line, netif, payload) {
	file = "/sys/kernel/debug/aoe/" name
	# sysfs shows only the first target, debugfs shows all of them.
	while ((getline line < file) > 0)
		if (line ~ /^[0-9a-f]+:[0-9]+:[0-9]+:[0-9]+$/ && index(line, ":") == 13) macs = macs (macs == "" ? "" : ",") substr(line, 1, 12)
	close(file)
	if (macs == "") macs = first(sys "/mac")
	netif = first(sys "/netif")
	payload = first(sys "/payload")
	printf "aoe-devices\tdevice\t%s\t%s\t%s\t%s\t%s\t%s\n", name, first(sys "/state"), (macs == "" || macs == "none") ? "-" : macs, \
		(netif == "" || netif == "none") ? "-" : netif, payload == "" ? "-" : payload, first(sys "/size")
}
function aoe_devices(   line, field, name, part, owner, path, at, pid, opened, piece, text, number, asked, order, count, i, idle) {
	while ((getline line < (work "/etherd")) > 0) {
		split(line, field, " ")
		name = field[2]; sub(/.*!/, "", name)
		if (field[1] == "device") {
			order[++count] = field[2]
			owner[first(field[2] "/dev")] = name
			path["/dev/etherd/" name] = name
		} else if (field[1] == "part") {
			part = field[3]; sub(/.*!/, "", part)
			owner[first(field[3] "/dev")] = name
			path["/dev/etherd/" part] = name
		} else aoe_user(name, "holder " field[3])
	}
	while ((getline line < "/proc/self/mountinfo") > 0) {
		split(line, field, " ")
		if (field[3] in owner) aoe_user(owner[field[3]], "mount " field[5])
	}
	while ((getline line < "/proc/swaps") > 0) { split(line, field, " "); if (field[1] in path) aoe_user(path[field[1]], "swap") }
	while ((getline line < (work "/loops")) > 0) {
		text = first(line)
		if (text in path) { sub(/^\/sys\/block\//, "", line); sub(/\/.*/, "", line); aoe_user(path[text], "holder " line) }
	}
	while ((getline line < (work "/openers")) > 0) {
		if (line ~ /^\/proc\/[0-9]+\/fd:$/) { pid = line; gsub(/[^0-9]/, "", pid); continue }
		at = index(line, " -> /dev/etherd/e")
		opened = substr(line, at + 4)
		if (at > 0 && opened in path) aoe_user(path[opened], "process " pid " " first("/proc/" pid "/comm"))
	}
	while ((getline line < (work "/xenstore")) > 0) {
		# /local/domain/0/backend/TYPE/DOMAIN/DEVICE/KEY = "TEXT"
		split(line, piece, "/")
		if (piece[6] !~ /^(vbd|vbd3|qdisk|tap)$/) continue
		text = line; sub(/^[^"]*"/, "", text); sub(/"$/, "", text)
		if (piece[9] ~ /^physical-device = /) {
			split(text, number, ":")
			text = hex(number[1]) ":" hex(number[2])
			if (text in owner) aoe_user(owner[text], "xen-backend " piece[7])
		} else if (piece[9] ~ /^params = /) {
			sub(/^[a-z0-9]+:/, "", text)
			if (text in path) aoe_user(path[text], "xen-backend " piece[7])
		}
	}
	close(work "/xenstore")
	targets_asked(asked)
	for (i = 1; i <= count; i++) {
		name = order[i]; sub(/.*!/, "", name)
		if (!(name in asked) && !(name in aoe_used) && ++idle > most_idle()) continue
		aoe_device(order[i], name)
	}
	if (idle > most_idle()) told_idle("aoe-devices", "devices")
	for (i = 1; i <= aoe_user_count; i++) print "aoe-devices\tuser\t" aoe_users[i]
}
'

# all_mounted: an OCFS2 on each AoE device is mounted. Each device is then known to be in use, and the descriptors of
# all processes would add only names.
all_mounted() {
	for sys in /sys/block/etherd!e*; do
		[ -d "$sys" ] || continue
		[ -s "$work/mounted" ] || return 1
		word "$sys/dev"
		device=$value mounted=no
		while read -r number _; do [ "$number" != "$device" ] || mounted=yes; done <"$work/mounted"
		[ "$mounted" = yes ] || return 1
	done
}

# Any machine on a segment can flood it, so only the first answers on each interface are read, and no interface takes
# the rows of another. Where aoecfg fails, a row says so.
probe_responders() {
	have aoecfg || return "$absent"
	interfaces=0
	while read -r _; do interfaces=$((interfaces + 1)); done <"$work/segments"
	[ "$interfaces" != 0 ] || return "$known"
	answers=$((4000 / interfaces)) most=$((1048576 / interfaces))
	[ "$answers" -le 1024 ] || answers=1024
	[ "$most" -le 262144 ] || most=262144
	while read -r net; do
		{
			code=0
			aoecfg -t 1 "$net" 2>"$work/aoecfg.$net.err" </dev/null || code=$?
			echo "$code" >"$work/aoecfg.$net.rc"
		} | awk -v net="$net" -v cut="$work/aoecfg.$net.cut" -v answers="$answers" -v most="$most" "$escape_fields"'{
			target = $0; sub(/\t.*/, "", target)
			config = $0
			if (!sub(/^[^\t]*\t/, "", config)) config = ""
			line = "responders\t" net "\t" target "\t" esc(config)
			# Counts bytes as they are printed: an escaped character takes four bytes.
			if (NR > answers || (bytes += length(line) + 1) > most) {
				print "responders\t?\taoecfg heard more than " answers " answers or " most " bytes\t" net
				print "cut" >cut
				exit
			}
			print line
		}' >"$work/aoecfg.$net" &
	done <"$work/segments"
	wait
	while read -r net; do
		while IFS= read -r line; do printf '%s\n' "$line"; done <"$work/aoecfg.$net"
		# If its output was cut off, aoecfg failed because of that.
		[ ! -e "$work/aoecfg.$net.cut" ] || continue
		word "$work/aoecfg.$net.rc"
		[ "$value" != 0 ] || continue
		code=$value
		word "$work/aoecfg.$net.err"
		row responders '?' "aoecfg: $(printf '%.200s' "${value:-exit code $code}" | tr '\t' ' ')" "$net"
	done <"$work/segments"
}
