import { lvmPrograms } from "./lvm-programs.ts";
import { debugfs, mkfs, tunefs } from "./ocfs2-programs.ts";
import { journalctl, systemdEscape, vblade, vbladeUnits } from "./vblade-programs.ts";

/**
 * Replacements of the programs of a dom0: over tables in @FAKE@, with the messages of the real ones. Each adds itself
 * to the fake host's table of processes.
 */
const shown = `#!/bin/sh
FAKE=@FAKE@
ln -s "/proc/$$" "$FAKE/../proc/$$" 2>/dev/null
`;

/** xl of 4.17, with `resume` where @FAKE@/help has it. */
export const xl = `${shown}touch "$FAKE/domains" "$FAKE/calls"
verb=$1
case $verb in
list)
	[ ! -f "$FAKE/broken" ] || { cat "$FAKE/broken" >&2; exit 1; }
	if [ "$2" = --long ] && [ -f "$FAKE/long" ]; then cat "$FAKE/long"; exit 0; fi
	printf 'Name                                        ID   Mem VCPUs\\tState\\tTime(s)   UUID                            Reason-Code\\tSecurity Label\\n'
	printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' Domain-0 0 1024 1 r----- 456.0 00000000-0000-0000-0000-000000000000 - -
	while read -r id name uuid state seconds; do
		printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' "$name" "$id" 128 1 "$state" "$seconds" "$uuid" - -
	done <"$FAKE/domains"
	exit 0
	;;
info) cat "$FAKE/info"; exit 0 ;;
help) cat "$FAKE/help"; exit 0 ;;
esac
echo "$*" >>"$FAKE/calls"
table() { awk -v id="$1" -v set="$2" -v value="$3" '$1 == id && set == "gone" { next } $1 == id { $set = value } { print }' "$FAKE/domains" >"$FAKE/domains.new" && mv "$FAKE/domains.new" "$FAKE/domains"; }
row() { awk -v id="$1" '$1 == id { print $3 }' "$FAKE/domains"; }
case $verb in
destroy) table "$2" gone 0 ;;
rename) table "$2" 2 "$3" ;;
unpause|resume) table "$2" 4 -b---- ;;
shutdown) [ "$2" != -F ] || shift; [ -f "$FAKE/ignores.$(row "$2")" ] || table "$2" gone 0 ;;
create)
	echo "Parsing config from $3" >&2
	if [ -s "$FAKE/create-error" ]; then cat "$FAKE/create-error" >&2; : >"$FAKE/create-error"; exit 3; fi
	id=$(cat "$FAKE/next-id")
	echo $((id + 1)) >"$FAKE/next-id"
	word() { sed -n "s/^$1 *= *\\"\\(.*\\)\\"/\\1/p" "$3"; }
	echo "$id $(sed -n 's/^name *= *"\\(.*\\)"/\\1/p' "$3") $(sed -n 's/^uuid *= *"\\(.*\\)"/\\1/p' "$3") -b---- 0.0" >>"$FAKE/domains"
	;;
migrate) . "$FAKE/migrate" ;;
*) exit 1 ;;
esac
`;

/**
 * Time passes at once: the uptime jumps. Real time for processes that run in parallel and must not overtake others:
 * lease holders, and the deadline of a probe (`REAL_TIME`).
 */
export const sleep = `#!/bin/sh
FAKE=@FAKE@
[ -z "$REAL_TIME" ] || exec /bin/sleep "$1"
! grep -q /leases/ "/proc/$PPID/cmdline" || exec /bin/sleep "$1"
read -r now rest <"$FAKE/../proc/uptime"
echo "$(awk -v now="$now" -v more="$1" 'BEGIN { printf "%.2f", now + more }') $rest" >"$FAKE/uptime.new"
mv "$FAKE/uptime.new" "$FAKE/../proc/uptime"
`;

/** A toolstack command that runs until the case ends. */
export const work = `${shown}read -r never <"$FAKE/forever"
`;

/** util-linux' blkid over @FAKE@/blkid: DEVICE UUID TYPE LABEL, - for none. */
export const blkid = `#!/bin/sh
FAKE=@FAKE@
case $1 in -V) echo "blkid from util-linux 2.38.1  (libblkid 2.38.1, 04-Aug-2022)"; exit 0 ;; esac
for device; do :; done
case " $* " in *" export "*) awk -v device="$device" '$1 == device { print "DEVNAME=" $1; if ($4 != "-") print "LABEL=" $4; print "UUID=" $2; print "TYPE=" $3; print "USAGE=filesystem"; found = 1 } END { exit found ? 0 : 2 }' "$FAKE/blkid"; exit ;; esac
awk -v device="$device" '$1 == device { print $2; found = 1 } END { exit found ? 0 : 2 }' "$FAKE/blkid"
`;

/** mount -o remount,bind,OPTIONS DEVICE DIRECTORY: the mount gets the named flags, and no others. */
export const mount = `#!/bin/sh
FAKE=@FAKE@
case $2 in remount,bind,*) ;; *) exit 1 ;; esac
awk -v point="$4" -v options="\${2#remount,bind,}" '$5 == point { $6 = options } { print }' "$FAKE/../proc/self/mountinfo" >"$FAKE/mountinfo" && cat "$FAKE/mountinfo" >"$FAKE/../proc/self/mountinfo"
`;

/** Programs of every host that change only the files they are given; no other program of this machine is found. */
export const tools =
  "awk base64 basename cat chmod cksum cmp cp cut date dd df dirname env expr false find flock grep head id kill ln ls mkdir mkfifo mktemp mv nohup od printf ps pwd readlink realpath rm rmdir sed seq setsid sha256sum sh sort ssh-keygen stat sync tail tee test timeout touch tr true truncate uniq wc xargs".split(
    " ",
  );

/** uname of the fake host. */
export const uname = `#!/bin/sh
FAKE=@FAKE@
case $1 in
-n) cat "$FAKE/../proc/sys/kernel/hostname" ;;
-r) cat "$FAKE/../proc/sys/kernel/osrelease" ;;
*) echo Linux ;;
esac
`;

/** ssh to the other dom0 once @FAKE@/friends has its address; other addresses do not answer. */
export const ssh = `#!/bin/sh
FAKE=@FAKE@
for word; do case $word in 10.*) address=$word ;; esac; done
if grep -qx "$address" "$FAKE/friends" 2>/dev/null; then
	echo "xensan relocation 1 99999999-2222-4333-8444-555555555555"
elif [ "$address" = 10.99.0.12 ]; then
	printf 'No ED25519 host key is known for %s and you have requested strict checking.\\r\\nHost key verification failed.\\r\\n' "$address" >&2
	exit 255
else
	echo "ssh: connect to host $address port 22: No route to host" >&2
	exit 255
fi
`;

/** xm of 4.1, as far as it answers at all, and xend's script. */
export const xm = `${shown}case $1 in
list) echo "Name                                        ID   Mem VCPUs      State   Time(s)" ;;
*) exit 1 ;;
esac
`;

/** modprobe of kmod, which knows aoe. */
export const modprobe = `#!/bin/sh
FAKE=@FAKE@
case $1 in
--version) echo "kmod version 30" ;;
aoe) mkdir -p "$FAKE/../sys/module/aoe/parameters"
	sed -n 's/^options aoe aoe_iflist=//p' "$FAKE/../etc/modprobe.d/xensan-aoe.conf" >"$FAKE/../sys/module/aoe/parameters/aoe_iflist"
	echo 0 >"$FAKE/../sys/module/aoe/refcnt" ;;
*) echo "modprobe: FATAL: Module $1 not found in directory /lib/modules/6.1.0-56-amd64" >&2; exit 1 ;;
esac
`;

/** systemd, which treats every request as done, and under which Xen's services run. */
export const systemctl = `#!/bin/sh
${vbladeUnits}wants=$FAKE/../etc/systemd/system/multi-user.target.wants
case $1 in
enable) mkdir -p "$wants" && ln -s "../$2" "$wants/$2"; exit 0 ;;
disable) rm -f "$wants/$2"; exit 0 ;;
is-system-running) cat "$FAKE/system-state"; exit 1 ;;
show) ;;
*) exit 0 ;;
esac
for unit; do
	case $unit in
	shutdown.target)
		state=inactive
		[ "$(cat "$FAKE/system-state")" != stopping ] || state=active
		printf 'Id=%s\\nLoadState=loaded\\nActiveState=%s\\nSubState=dead\\n\\n' "$unit" "$state"
		;;
	xencommons.service | xendomains.service) printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\n\\n' "$unit" ;;
	xen*.service | watchdog*.service) printf 'Id=%s\\nLoadState=not-found\\nActiveState=inactive\\n\\n' "$unit" ;;
	esac
done
`;

/** xl info of a host of the rack without domains. */
export const info = (version: string) => {
  const [major = "", minor = "", extra = ""] = version.split(".");
  return `host                   : bella
release                : 6.1.0-56-amd64
nr_cpus                : 2
hw_caps                : 078bf3fd:c0982201:20100800:00000005:00000000:00000000:00000000:00000000
virt_caps              : pv hvm hap gnttab-v1 gnttab-v2
total_memory           : 2047
free_memory            : 1000
xen_commandline        : placeholder dom0_mem=1024M,max:1024M
xen_major              : ${major}
xen_minor              : ${minor}
xen_extra              : .${extra}
`;
};

/** stat of coreutils, for which the files of @FAKE@/blocks (PATH MAJOR MINOR, in hexadecimal digits) are block devices. */
export const stat = `#!/bin/sh
FAKE=@FAKE@
for file; do :; done
number=$(awk -v file="$(readlink -f "$file")" '$1 == file { print $2, $3 }' "$FAKE/blocks")
[ -n "$number" ] || exec "$FAKE/tools/stat" "$@"
set -- "$1" "$2" "$3" $number
printf '%s\\n' "$3" | sed "s/%f/61b0/; s/%F/block special file/; s/%t/$4/; s/%T/$5/; s/%s/0/; s/%d/5/; s/%i/77/; s/%h/1/; s/%W/0/; s,%n,$file,"
`;

/** dpkg and apt over @FAKE@/packages, with nothing else to install. */
export const dpkgQuery = `#!/bin/sh
FAKE=@FAKE@
for package; do :; done
grep -qx "$package" "$FAKE/packages" || exit 1
printf installed
`;
export const aptGet = `#!/bin/sh
case " $* " in *" update "*) exit 0 ;; esac
for package; do :; done
echo "E: Unable to locate package $package"
exit 100
`;

/** iproute2: ip link set dev INTERFACE up. */
export const ip = `#!/bin/sh
echo 0x1003 >"@FAKE@/../sys/class/net/$4/flags"
`;

/** ovs-vsctl of the bridges in ovs-bridges. */
export const ovsVsctl = `#!/bin/sh
case $2 in
list-br) cat @FAKE@/ovs-bridges ;;
br-exists) grep -qxF "$3" @FAKE@/ovs-bridges || exit 2 ;;
*) exit 1 ;;
esac
`;

/** lsattr where nothing is immutable. */
export const lsattr = `#!/bin/sh
for file; do :; done
[ -e "$file" ] && echo "--------------e------- $file"
`;

/** /etc/default/o2cb as Debian's package installs it. */
export const packagedO2cb = `O2CB_ENABLED=false
O2CB_BOOTCLUSTER=ocfs2
O2CB_HEARTBEAT_THRESHOLD=31
O2CB_IDLE_TIMEOUT_MS=30000
O2CB_KEEPALIVE_DELAY_MS=2000
O2CB_RECONNECT_DELAY_MS=2000
`;

/** o2cb of ocfs2-tools 1.8.7 over configfs: registers only missing nodes, with the kernel's own timeouts. */
const o2cb = `#!/bin/sh
FAKE=@FAKE@
[ "$1" = register-cluster ] || exit 1
cluster=$FAKE/../sys/kernel/config/cluster/$2
conf=$FAKE/../etc/ocfs2/cluster.conf
grep -q "^	name = $2$" "$conf" || { echo "o2cb: Unknown cluster '$2'" >&2; exit 1; }
if [ ! -d "$cluster" ]; then
	mkdir -p "$cluster/heartbeat" "$cluster/node"
	sed -n 's/^	heartbeat_mode = //p' "$conf" >"$cluster/heartbeat/mode"
	echo 31 >"$cluster/heartbeat/dead_threshold"
	echo 30000 >"$cluster/idle_timeout_ms"
	echo 2000 >"$cluster/keepalive_delay_ms"
	echo 2000 >"$cluster/reconnect_delay_ms"
	echo reset >"$cluster/fence_method"
fi
awk '/^node:/ { if (name != "") print number, port, address, name; name = "" } $1 == "number" { number = $3 } $1 == "ip_port" { port = $3 } $1 == "ip_address" { address = $3 } /^cluster:/ { name = "" } $1 == "name" && number != "" { name = $3 } END { if (name != "") print number, port, address, name }' "$conf" |
	while read -r number port address name; do
		[ ! -d "$cluster/node/$name" ] || continue
		mkdir "$cluster/node/$name"
		echo "$number" >"$cluster/node/$name/num"
		echo "$port" >"$cluster/node/$name/ipv4_port"
		echo "$address" >"$cluster/node/$name/ipv4_address"
		local=0
		[ "$name" != "$(cat "$FAKE/../proc/sys/kernel/hostname")" ] || local=1
		echo "$local" >"$cluster/node/$name/local"
	done
`;

/** /etc/init.d/o2cb, whose `online` also applies the timeouts of /etc/default/o2cb. It always exits 0. */
export const o2cbInit = `#!/bin/sh
FAKE=@FAKE@
configfs=$FAKE/../sys/kernel/config/cluster
case $1 in
load | online)
	mkdir -p "$configfs" "$FAKE/../sys/fs/ocfs2"
	echo o2cb >"$FAKE/../sys/fs/ocfs2/loaded_cluster_plugins"
	;;
esac
if [ "$1" = online ] && [ ! -d "$configfs/$2" ] && "$FAKE/bin/o2cb" register-cluster "$2"; then
	. "$FAKE/../etc/default/o2cb"
	echo "$O2CB_HEARTBEAT_THRESHOLD" >"$configfs/$2/heartbeat/dead_threshold"
	echo "$O2CB_IDLE_TIMEOUT_MS" >"$configfs/$2/idle_timeout_ms"
	echo "$O2CB_KEEPALIVE_DELAY_MS" >"$configfs/$2/keepalive_delay_ms"
	echo "$O2CB_RECONNECT_DELAY_MS" >"$configfs/$2/reconnect_delay_ms"
fi
exit 0
`;

/** aoeping -I -s 3 SHELF SLOT INTERFACE, over @FAKE@/targets: `SHELF.SLOT SERVER`. Without an answer: SIGALRM. */
const aoeping = `#!/bin/sh
server=$(awk -v name="$4.$5" '$1 == name { print $2 }' "@FAKE@/targets" 2>/dev/null)
[ -n "$server" ] || exit 142
echo "serial_number: $4.$5:$server"
`;

/** aoecfg -t SECONDS INTERFACE: a line for each answer. There is no eth9. */
const aoecfg = `#!/bin/sh
[ "$3" != eth9 ] || { echo 'bind funky: No such device' >&2; exit 1; }
awk '{ print $1 "\t" }' "@FAKE@/targets" 2>/dev/null
`;

/** The programs of packages; for those without a text it is enough that they exist. */
export const packaged: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vblade: { vblade, vbladed: "", journalctl, "systemd-escape": systemdEscape },
  aoetools: {
    "aoe-discover": "#!/bin/sh\nexit 0\n",
    "aoe-revalidate": "#!/bin/sh\nexit 0\n",
    aoecfg,
    aoeping,
    "aoe-stat": "",
  },
  "ocfs2-tools": {
    o2cb,
    "mkfs.ocfs2": mkfs,
    "debugfs.ocfs2": debugfs,
    "tunefs.ocfs2": tunefs,
    "mount.ocfs2": "",
    "mounted.ocfs2": "",
  },
  lvm2: lvmPrograms,
};
