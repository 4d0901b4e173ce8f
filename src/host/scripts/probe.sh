#!/bin/sh
# Prints every fact of this host that xensan needs, changes nothing.
# Arguments: ROLES, then any number of segment=INTERFACE and backing=PATH.
#   ROLES     `server`, `client`, `server,client` or `none`
#   segment=  ask with aoecfg who answers on the segment behind this interface (one second, all at once)
#   backing=  a path to look at
# Prints lines of fields separated by tabs. The first field is the section; when a section is over comes
#   end SECTION known|absent|unknown EXIT WHY
# and at the very end `end probe`. A section whose end is missing is unknown. In fields a tab, a newline and a
# backslash are written as mountinfo writes them: \011 \012 \134; a space may be \040.
#   probe 1                                                          version of this format, always first
#   identity hostname|machine-id|boot-id VALUE
#   system os|os-id|kernel|init|package-manager VALUE                init: systemd sysvinit other; manager: apt none
#   packages NAME VERSION
#   tools NAME PATH
#   interfaces NAME MAC MTU FLAGS CARRIER                            FLAGS 0x1003; CARRIER 1, 0, or - while it is down
#   block PATH MAJ:MIN BYTES TYPE SIGNATURE HOLDERS                  SIGNATURE - when udev knows nothing; HOLDERS MAJ:MIN,…
#   mounts MAJ:MIN ROOT MOUNTPOINT TYPE SOURCE OPTIONS
#   backings path ASKED REAL KIND BYTES IDENTITY                     KIND Missing File BlockDevice Other
#   backings owned PATH INODE OWNER                                  a file that ensure-file made
#   lvm VG LV BYTES PATH VGFREEBYTES TAGS
#   exports conf INSTANCE SHELF SLOT NETIF FILENAME OPTIONS OWNER    /etc/vblade.conf.d; OPTIONS as written
#   exports unit INSTANCE ACTIVESTATE SUBSTATE MAINPID
#   exports inittab ID OWNER ARGV…                                   ARGV of vblade, without the program
#   exports process PID ARGV…                                        the same
#   exports path …                                                   like backings path, of every backing named above
#   aoe kernel-config Module|BuiltIn|Missing|Unknown
#   aoe loaded yes|no, version V, iflist WORDS, persisted-iflist WORDS, persisted yes|no, deadsecs N
#   aoe-devices device NAME STATE MACS NETIFS PAYLOAD SECTORS        NAME e0.1; STATE up, down, down,closewait; none is -
#   aoe-devices user NAME TEXT                                       mount /srv/xen, holder dm-0, swap, process 7 sh, xen-backend 3
#   responders INTERFACE SHELF.SLOT CONFIG
# Exit codes: 0 always.
set -eu
# include: prelude.sh
# include: vblades.sh
# include: kernel.sh

roles=",$1,"
shift
mkdir -p "$run_dir"
work=$(mktemp -d "$run_dir/probe.XXXXXX")
trap 'rm -rf "$work"' EXIT
known=0
absent=9

row() {
	printf '%s' "$1"
	shift
	for field; do printf '\t%s' "$field"; done
	printf '\n'
}

# word FILE: its first line in $value, empty when it cannot be read.
word() {
	value=
	{ IFS= read -r value <"$1"; } 2>/dev/null || :
}

# over SECTION EXIT: the line that ends a section. What it wrote to stderr says why it is unknown.
over() {
	case $2 in
	"$known") row end "$1" known 0 "" ;;
	"$absent") row end "$1" absent 0 "" ;;
	*)
		word "$work/$1.err"
		row end "$1" unknown "$2" "$(printf '%.300s' "${value:-exit code $2}" | tr '\t' ' ')"
		;;
	esac
}

section() {
	code=0
	("probe_$2") 2>"$work/$1.err" || code=$?
	over "$1" "$code"
}

# Sections that could hang on a dead device or mount run beside the others and are left behind at the deadline.
started=
start() {
	word "$run_dir/stuck.$1"
	if [ -n "$value" ] && [ "$(birth "${value% *}")" = "${value#* }" ]; then
		echo "still hanging since an earlier probe, process ${value% *}" >"$work/$1.err"
		echo 1 >"$work/$1.rc"
		: >"$work/$1.out"
	else
		(
			code=0
			("probe_$2") 2>"$work/$1.err" || code=$?
			echo "$code" >"$work/$1.rc.new"
			mv "$work/$1.rc.new" "$work/$1.rc"
		) >"$work/$1.out" 2>/dev/null </dev/null &
		echo $! >"$work/$1.pid"
	fi
	started="$started $1"
}

# birth PID: when the process started, in clock ticks; empty when there is none.
birth() {
	word "/proc/$1/stat"
	[ -n "$value" ] || return 0
	# shellcheck disable=SC2086
	set -- ${value##*) }
	echo "${20}"
}

collect() {
	tries=0
	while :; do
		waiting=
		for name in $started; do
			[ -f "$work/$name.rc" ] || waiting="$waiting $name"
		done
		if [ -z "$waiting" ] || [ "$tries" -ge 240 ]; then break; fi
		tries=$((tries + 1))
		sleep 0.05 2>/dev/null || { sleep 1 && tries=$((tries + 20)); }
	done
	for name in $started; do
		if [ -f "$work/$name.rc" ]; then
			rm -f "$run_dir/stuck.$name"
			cat "$work/$name.out"
			word "$work/$name.rc"
			over "$name" "$value"
		else
			word "$work/$name.pid"
			pid=$value
			echo "$pid $(birth "$pid")" >"$run_dir/stuck.$name"
			echo "no answer within 12 seconds" >"$work/$name.err"
			over "$name" 124
		fi
	done
}

# limit SECONDS COMMAND…: where timeout(1) exists.
limit() {
	if have timeout; then
		timeout "$@"
	else
		shift
		"$@"
	fi
}

probe_identity() {
	word /proc/sys/kernel/hostname
	[ -n "$value" ] || return 1
	row identity hostname "${value%%.*}"
	word /etc/machine-id
	[ "$value" != uninitialized ] || value=
	[ -n "$value" ] || word /var/lib/dbus/machine-id
	[ -n "$value" ] || word /sys/class/dmi/id/product_uuid
	[ -n "$value" ] || {
		echo "no /etc/machine-id, and no product UUID in its place" >&2
		return 1
	}
	row identity machine-id "$value"
	word /proc/sys/kernel/random/boot_id
	row identity boot-id "$value"
}

probe_system() {
	os='' os_id=''
	for file in /etc/os-release /usr/lib/os-release; do
		[ -f "$file" ] || continue
		while IFS= read -r line || [ -n "$line" ]; do
			text=${line#*=}
			text=${text#[\"\']}
			text=${text%[\"\']}
			case $line in
			PRETTY_NAME=*) os=$text ;;
			ID=*) os_id=$text ;;
			esac
		done <"$file"
		break
	done
	row system os "${os:-unknown}"
	row system os-id "${os_id:-unknown}"
	word /proc/sys/kernel/osrelease
	row system kernel "$value"
	row system init "$(init_system)"
	manager=none
	if have apt-get && have dpkg-query; then manager=apt; fi
	row system package-manager "$manager"
}

probe_packages() {
	have dpkg-query || return "$absent"
	# Exits 1 when one of them was never heard of; an empty answer is an answer.
	dpkg-query -W -f='${db:Status-Status}\t${Package}\t${Version}\n' vblade aoetools lvm2 ocfs2-tools xen-utils-common \
		sysvinit-core systemd kmod >"$work/packages" 2>/dev/null || [ $? = 1 ] || return 1
	while read -r state name version; do
		[ "$state" != installed ] || row packages "$name" "$version"
	done <"$work/packages"
}

probe_tools() {
	for tool in vblade aoe-discover aoe-revalidate aoecfg aoeping lvs lvcreate apt-get systemctl telinit flock timeout ip \
		modprobe xl xm xenstore-ls o2cb mkfs.ocfs2 blkid; do
		! path=$(command -v "$tool") || row tools "$tool" "$path"
	done
}

probe_interfaces() {
	[ -d /sys/class/net ] || return 1
	for net in /sys/class/net/*; do
		[ -f "$net/flags" ] || continue
		word "$net/address"
		mac=$value
		word "$net/mtu"
		mtu=$value
		word "$net/flags"
		flags=$value
		# Reading it fails while the interface is down.
		word "$net/carrier"
		row interfaces "${net##*/}" "$mac" "$mtu" "$flags" "${value:--}"
	done
}

probe_block() {
	[ -d /sys/class/block ] || return "$absent"
	for sys in /sys/class/block/*; do
		[ ! -e "$sys" ] || echo "$sys"
		for held in "$sys"/holders/*; do [ ! -e "$held" ] || echo "$sys ${held##*/}"; done
	done | awk "$escape_fields"'
		NF == 2 { held[$1] = held[$1] (held[$1] == "" ? "" : ",") first("/sys/class/block/" $2 "/dev"); next }
		{ order[++count] = $1 }
		END {
			for (i = 1; i <= count; i++) {
				sys = order[i]
				name = sys
				sub(/.*\//, "", name)
				dev = first(sys "/dev")
				bytes = first(sys "/size") * 512
				if (bytes == 0 && name ~ /^(loop|ram|nbd|zram|fd|sr)/) continue
				path = name
				gsub(/!/, "/", path)
				path = "/dev/" path
				type = "disk"
				if (first(sys "/partition") != "") type = "part"
				else if (name ~ /^dm-/) {
					path = "/dev/mapper/" first(sys "/dm/name")
					uuid = first(sys "/dm/uuid")
					type = uuid ~ /^LVM-/ ? "lvm" : uuid ~ /^CRYPT-/ ? "crypt" : uuid ~ /^mpath-/ ? "mpath" : "dm"
				} else if (name ~ /^loop/) type = "loop"
				else if (name ~ /^md/) { type = first(sys "/md/level"); if (type == "") type = "raid" }
				else if (name ~ /^sr/) type = "rom"
				printf "block\t%s\t%s\t%.0f\t%s\t%s\t%s\n", esc(path), dev, bytes, type, signature(dev), held[sys]
			}
		}
		function signature(dev,   line, file, found, state) {
			file = "/run/udev/data/b" dev
			found = "-"
			while ((state = (getline line < file)) > 0) {
				if (found == "-") found = ""
				if (line ~ /^E:ID_FS_TYPE=/) { found = substr(line, 14); break }
				if (line ~ /^E:ID_PART_TABLE_TYPE=/) found = substr(line, 22)
			}
			close(file)
			return found
		}'
}

probe_mounts() {
	awk '{
		for (i = 7; i <= NF && $i != "-"; i++) ;
		type = $(i + 1)
		if (type ~ /^(proc|sysfs|cgroup2?|devpts|securityfs|debugfs|tracefs|bpf|pstore|mqueue|hugetlbfs|fusectl|autofs|nsfs|efivarfs|binfmt_misc|rpc_pipefs|configfs|ramfs|selinuxfs)$/) next
		printf "mounts\t%s\t%s\t%s\t%s\t%s\t%s\n", $3, $4, $5, type, $(i + 2), $6
	}' /proc/self/mountinfo
}

# paths SECTION LIST: a `path` row for every path of LIST (one per line), in a handful of processes however long it is.
paths() {
	section=$1
	while IFS= read -r path; do
		if [ ! -e "$path" ]; then
			row "$section" path "$path" "" Missing 0 ""
		else
			printf '%s\n' "$path" >&3
		fi
	done <"$2" 3>"$work/$section.there"
	[ -s "$work/$section.there" ] || return 0
	tr '\n' '\0' <"$work/$section.there" >"$work/$section.list"
	xargs -0 stat -L -c '%f %t %T %s %d %i %n' -- <"$work/$section.list" >"$work/$section.stat" || :
	xargs -0 realpath <"$work/$section.list" >"$work/$section.real" || :
	awk -v section="$section" -v stat="$work/$section.stat" -v real="$work/$section.real" "$escape_fields"'
		BEGIN {
			while ((getline line < stat) > 0) {
				split(line, field, " ")
				sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", line)
				mode[line] = field[1]
				device[line] = hex(field[2]) ":" hex(field[3])
				size[line] = field[4]
				node[line] = field[5] ":" field[6]
			}
			while ((getline line < real) > 0) resolved[++lines] = line
		}
		{ asked[NR] = $0 }
		END {
			# One that came or went in between shifts the answers of realpath: none is better than a wrong one.
			for (i = 1; i <= NR; i++) if (lines != NR || !(asked[i] in mode)) {
				print "a path changed while it was looked at" >"/dev/stderr"
				exit 1
			}
			for (i = 1; i <= NR; i++) {
				name = asked[i]
				target = resolved[i]
				if (mode[name] ~ /^8...$/) kind = "File"
				else if (mode[name] ~ /^6...$/) kind = "BlockDevice"
				else kind = "Other"
				bytes = 0; id = ""
				if (kind == "File") { bytes = size[name]; id = "file:" node[name] }
				if (kind == "Other") id = "file:" node[name]
				if (kind == "BlockDevice") {
					bytes = first("/sys/dev/block/" device[name] "/size") * 512
					id = "block:" device[name]
				}
				printf "%s\tpath\t%s\t%s\t%s\t%.0f\t%s\n", section, esc(name), esc(target), kind, bytes, id
			}
		}' "$work/$section.there"
}

probe_backings() {
	paths backings "$work/asked" || return 1
	for record in "$state_dir"/backings/*; do
		[ -f "$record" ] || continue
		{ IFS= read -r path && read -r inode _ && IFS= read -r owner; } <"$record" || continue
		row backings owned "$path" "$inode" "$owner"
	done
}

probe_lvm() {
	have lvs || return "$absent"
	limit 10 lvs --noheadings --units b --nosuffix --separator '	' --options vg_name,lv_name,lv_size,lv_path,vg_free,lv_tags \
		>"$work/lvs" </dev/null || {
		echo "lvs gave no answer within 10 seconds, or failed" >&2
		return 1
	}
	awk '{ sub(/^ +/, ""); print "lvm\t" $0 }' "$work/lvs"
}

probe_exports() {
	{
		if [ -d /run/systemd/system ]; then
			configured_instances || return 1
			limit 10 systemctl show --no-pager --property=Id,ActiveState,SubState,MainPID 'vblade@*.service' </dev/null \
				>"$work/units" || {
				echo "systemctl gave no answer within 10 seconds, or failed" >&2
				return 1
			}
			awk "$escape_fields"'
				/^Id=/ { id = substr($0, 4) }
				/^ActiveState=/ { active = substr($0, 13) }
				/^SubState=/ { substate = substr($0, 10) }
				/^MainPID=/ { pid = substr($0, 9) }
				/^$/ { flush() }
				END { flush() }
				function flush(   name, at) {
					if (id == "") return
					name = id; sub(/^vblade@/, "", name); sub(/\.service$/, "", name); gsub(/-/, "/", name)
					while ((at = match(name, /\\x[0-9a-f][0-9a-f]/)) > 0)
						name = substr(name, 1, at - 1) sprintf("%c", hex(substr(name, at + 2, 2))) substr(name, at + 4)
					print "unit\t" esc(name) "\t" active "\t" substate "\t" pid
					id = ""
				}' "$work/units"
		else
			configured_inittab || return 1
		fi
		running_vblades || return 1
	} >"$work/exports" || return 1
	awk '{ print "exports\t" $0 }' "$work/exports"
	awk -F '\t' '
		$1 == "conf" { print $6 }
		$1 == "inittab" { for (i = 4; i <= NF; i++) if ($i ~ /^\//) print $i }
		$1 == "process" { for (i = 3; i <= NF; i++) if ($i ~ /^\//) print $i }' "$work/exports" | sort -u >"$work/served"
	paths exports "$work/served"
}

probe_aoe() {
	kernel_config=$(aoe_kernel_config)
	loaded=no
	[ ! -d /sys/module/aoe ] || loaded=yes
	[ "$kernel_config$loaded" != Missingno ] || return "$absent"
	row aoe kernel-config "$kernel_config"
	row aoe loaded "$loaded"
	word /sys/module/aoe/version
	row aoe version "$value"
	word /sys/module/aoe/parameters/aoe_iflist
	row aoe iflist "$value"
	word /sys/module/aoe/parameters/aoe_deadsecs
	row aoe deadsecs "$value"
	row aoe persisted-iflist "$(aoe_persisted_interfaces)"
	if [ "$kernel_config" = BuiltIn ] || aoe_loads_at_boot; then
		row aoe persisted yes
	else
		row aoe persisted no
	fi
}

probe_aoe_devices() {
	[ -d /sys/module/aoe ] || return "$absent"
	for sys in /sys/block/etherd!e*; do
		[ -d "$sys" ] || continue
		echo "device $sys"
		for part in "$sys"/etherd!e*; do [ ! -d "$part" ] || echo "part $sys $part"; done
		for held in "$sys"/holders/* "$sys"/etherd!e*/holders/*; do [ ! -e "$held" ] || echo "holder $sys ${held##*/}"; done
	done >"$work/etherd"
	for file in /sys/block/loop*/loop/backing_file; do
		[ ! -f "$file" ] || echo "$file"
	done >"$work/loops"
	# Targets of open files are printed without following them: no dead device is touched.
	# shellcheck disable=SC2012
	ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
		/^\/proc\// { pid = $0; sub(/^\/proc\//, "", pid); sub(/\/fd:$/, "", pid); next }
		{ at = index($0, " -> /dev/etherd/e"); if (at > 0) print pid, substr($0, at + 4) }' | sort -u >"$work/openers"
	: >"$work/xenstore"
	if [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; then
		have xenstore-ls || {
			echo "no xenstore-ls: cannot tell which domains use a device" >&2
			return 1
		}
		limit 3 xenstore-ls -f /local/domain/0/backend >"$work/xenstore" 2>"$work/xenstore.err" || {
			grep -q "No such file" "$work/xenstore.err" || {
				cat "$work/xenstore.err" >&2
				return 1
			}
		}
	fi
	awk -v work="$work" "$escape_fields"'
		function user(name, text) { if (!((name, text) in seen)) { seen[name, text] = 1; print "aoe-devices\tuser\t" name "\t" esc(text) } }
		$1 == "device" {
			sys = $2
			name = sys; sub(/.*!/, "", name)
			macs = ""
			file = "/sys/kernel/debug/aoe/" name
			# sysfs shows the first target only; debugfs all of them.
			while ((getline line < file) > 0)
				if (line ~ /^[0-9a-f]+:[0-9]+:[0-9]+:[0-9]+$/ && index(line, ":") == 13) macs = macs (macs == "" ? "" : ",") substr(line, 1, 12)
			close(file)
			if (macs == "") macs = first(sys "/mac")
			state = first(sys "/state")
			netif = first(sys "/netif")
			payload = first(sys "/payload")
			printf "aoe-devices\tdevice\t%s\t%s\t%s\t%s\t%s\t%s\n", name, state, (macs == "" || macs == "none") ? "-" : macs, \
				(netif == "" || netif == "none") ? "-" : netif, payload == "" ? "-" : payload, first(sys "/size")
			known[name] = name
			owner[first(sys "/dev")] = name
			path["/dev/etherd/" name] = name
		}
		$1 == "part" {
			parent = $2; sub(/.*!/, "", parent)
			part = $3; sub(/.*!/, "", part)
			owner[first($3 "/dev")] = parent
			path["/dev/etherd/" part] = parent
		}
		$1 == "holder" { parent = $2; sub(/.*!/, "", parent); user(parent, "holder " $3) }
		END {
			while ((getline line < "/proc/self/mountinfo") > 0) {
				split(line, field, " ")
				if (field[3] in owner) user(owner[field[3]], "mount " field[5])
			}
			while ((getline line < "/proc/swaps") > 0) { split(line, field, " "); if (field[1] in path) user(path[field[1]], "swap") }
			while ((getline line < (work "/loops")) > 0) {
				backing = first(line)
				if (backing in path) { sub(/^\/sys\/block\//, "", line); sub(/\/.*/, "", line); user(path[backing], "holder " line) }
			}
			while ((getline line < (work "/openers")) > 0) {
				split(line, field, " ")
				if (field[2] in path) user(path[field[2]], "process " field[1] " " first("/proc/" field[1] "/comm"))
			}
			while ((getline line < (work "/xenstore")) > 0) {
				count = split(line, piece, "/")
				if (piece[5] !~ /^(vbd|vbd3|qdisk|tap)$/) continue
				text = line; sub(/^[^"]*"/, "", text); sub(/"$/, "", text)
				if (piece[8] ~ /^physical-device = /) {
					split(text, number, ":")
					device = hex(number[1]) ":" hex(number[2])
					if (device in owner) user(owner[device], "xen-backend " piece[6])
				} else if (piece[8] ~ /^params = /) {
					sub(/^[a-z0-9]+:/, "", text)
					if (text in path) user(path[text], "xen-backend " piece[6])
				}
			}
		}' "$work/etherd"
}

probe_responders() {
	have aoecfg || return "$absent"
	failed=
	while read -r net; do
		(
			code=0
			aoecfg -t 1 "$net" >"$work/aoecfg.$net" 2>"$work/aoecfg.$net.err" </dev/null || code=$?
			echo "$code" >"$work/aoecfg.$net.rc"
		) &
	done <"$work/segments"
	wait
	while read -r net; do
		word "$work/aoecfg.$net.rc"
		[ "$value" = 0 ] || failed="$failed$net: $(head -c 200 "$work/aoecfg.$net.err") "
		awk -v net="$net" "$escape_fields"'{
			target = $0; sub(/\t.*/, "", target)
			config = $0
			if (!sub(/^[^\t]*\t/, "", config)) config = ""
			print "responders\t" net "\t" target "\t" esc(config)
		}' "$work/aoecfg.$net"
	done <"$work/segments"
	[ -z "$failed" ] || {
		echo "$failed" >&2
		return 1
	}
}

: >"$work/asked"
: >"$work/segments"
for argument; do
	case $argument in
	segment=*) printf '%s\n' "${argument#segment=}" >>"$work/segments" ;;
	backing=*) printf '%s\n' "${argument#backing=}" >>"$work/asked" ;;
	esac
done

row probe 1
case $roles in *,client,*)
	start aoe-devices aoe_devices
	start responders responders
	;;
esac
case $roles in *,server,*)
	start exports exports
	start backings backings
	start lvm lvm
	;;
esac
section identity identity
section system system
section packages packages
section tools tools
section interfaces interfaces
section block block
section mounts mounts
case $roles in *,client,*) section aoe aoe ;; esac
collect
row end probe
