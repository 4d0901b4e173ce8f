#!/bin/sh
# revision 3
# Mounts the OCFS2 file systems that xensan wrote into /etc/fstab, as soon as that is possible. Runs once after each boot,
# ends when all of them are mounted. One that is unmounted on purpose has no entry any more.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
state_dir=/var/lib/xensan
# include: heartbeat-region.sh
# include: unheard-beat.sh

# waiting: prints DEVICE MOUNTPOINT of what is not mounted yet, one a line.
waiting() {
	awk '
		BEGIN { while ((getline line < "/proc/self/mounts") > 0) { split(line, field, " "); mounted[field[2]] = 1 } }
		/^# xensan: / { ours = 1; next }
		/^[ \t]*#/ { ours = 0; next }
		ours && $3 == "ocfs2" && !($2 in mounted) { print $1, $2 }
		{ ours = 0 }' /etc/fstab
}

# The init script sets the timeouts, but not the fence method, and does not start a heartbeat on a device that appears
# late.
prepare() {
	read -r cluster fence _ 2>/dev/null <"$state_dir/cluster" || return 0
	directory=/sys/kernel/config/cluster/$cluster
	# The script ran before the network was up, or failed for another reason.
	# systemd would do nothing for a service that is active.
	[ -d "$directory" ] || SYSTEMCTL_SKIP_REDIRECT=1 /etc/init.d/o2cb start </dev/null >/dev/null 2>&1
	[ -d "$directory" ] || return 1
	read -r fence_now 2>/dev/null <"$directory/fence_method"
	[ "$fence_now" = "$fence" ] || echo "$fence" >"$directory/fence_method"
	# With a global heartbeat, nodes reject each other unless they write to the same regions.
	while read -r region region_device; do
		case $region_device in /dev/*) start_region "$directory" "$region" "$region_device" || return 1 ;; esac
	done <"$state_dir/cluster"
}

# holds_recorded DEVICE MOUNTPOINT: the device holds the OCFS2 that mount-filesystem recorded for the directory. While
# this host was off, another one may have got the address. Without a record, as of an older xensan, nothing is compared.
holds_recorded() {
	recorded=$(awk -v point="$2" '$2 == point { print $1 }' "$state_dir/mounts" 2>/dev/null)
	[ -n "$recorded" ] || return 0
	! command -v blockdev >/dev/null 2>&1 || blockdev --flushbufs "$1" 2>/dev/null || :
	for blkid_tool in blkid /usr/sbin/blkid /sbin/blkid; do
		# busybox's recognizes less.
		case $("$blkid_tool" -V 2>&1) in *util-linux*) break ;; esac
	done
	held=$("$blkid_tool" -p -o export "$1" 2>/dev/null </dev/null | sed -n 's/^UUID=/UUID /p; s/^TYPE=//p' | sort | tr '\n' ' ')
	[ "$held" != "UUID $recorded ocfs2 " ] || return 0
	echo "xensan: $1 is not mounted on $2: it holds ${held:-nothing that blkid reads }and not UUID $recorded ocfs2" >&2
	return 1
}

# hears_all DEVICE MOUNTPOINT: after prepare, the kernel hears each node that writes to the device: while this host was off, a
# node may have joined that its cluster.conf does not list yet.
hears_all() {
	[ -n "${directory:-}" ] || return 0
	region=$(awk -v point="$2" '$2 == point { print toupper($1) }' "$state_dir/mounts" 2>/dev/null | tr -d -)
	unheard_beat "$directory" "$1" "$region"
	[ -n "$unheard" ] || return 0
	echo "xensan: $1 is not mounted on $2: node $unheard writes a heartbeat to it, and this host would take that node for dead" >&2
	return 1
}

seconds=2
while [ -n "$(waiting)" ]; do
	waiting | while read -r device mount_point; do
		if [ ! -b "$device" ]; then
			case $device in /dev/etherd/*) aoe-discover 2>/dev/null || echo discover >/dev/etherd/discover ;; esac
			sleep 2
		fi
		# A mount that fails because of the network takes more than a minute, but does no harm.
		directory=
		if [ -b "$device" ] && holds_recorded "$device" "$mount_point" && prepare && hears_all "$device" "$mount_point"; then mount "$mount_point" </dev/null; fi
	done
	[ -n "$(waiting)" ] || break
	sleep "$seconds"
	[ "$seconds" -ge 30 ] || seconds=$((seconds + 2))
done
