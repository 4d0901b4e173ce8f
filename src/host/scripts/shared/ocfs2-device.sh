# What is on a block device: read with the tools that look at a file system without joining its cluster.

# device_facts PATH: sets device_number (MAJ:MIN) and device_size (bytes) of a block device; fails when there is none.
device_facts() {
	device_number='' device_size=''
	device_said=$(stat -L -c '%F|%t %T' -- "$1" 2>/dev/null) || return 1
	case $device_said in 'block special file|'*) ;; *) return 1 ;; esac
	device_said=${device_said#*|}
	device_number=$((0x${device_said% *})):$((0x${device_said#* }))
	read -r device_sectors 2>/dev/null <"/sys/dev/block/$device_number/size" || return 1
	device_size=$((device_sectors * 512))
}

# require_alive DEVICE: the driver has not given it up; a read would fail, and tell nothing of what is on it.
require_alive() {
	device_state=up
	{ read -r device_state <"/sys/block/etherd!${1#/dev/etherd/}/state"; } 2>/dev/null || :
	[ "$device_state" = up ] || refuse DeviceMissing "$1 is $device_state"
}

# What another host wrote is not in this host's cache of the device.
forget_cached() {
	! have blockdev || blockdev --flushbufs "$1" 2>/dev/null || :
}

# find_blkid: sets blkid_tool to util-linux' blkid: busybox's knows less and answers 0 to everything. Fails when there is none.
find_blkid() {
	for blkid_tool in blkid /usr/sbin/blkid /sbin/blkid; do
		case $("$blkid_tool" -V 2>&1) in *util-linux*) return 0 ;; esac
	done
	return 1
}

# signature_of DEVICE, after find_blkid: sets signature (blkid's TYPE or PTTYPE, `several` when they contradict, empty when there is none)
# and signature_text for people. Fails when blkid cannot read it.
signature_of() {
	signature='' signature_text='' signature_code=0
	signature_said=$("$blkid_tool" -p -o export "$1" 2>&1 </dev/null) || signature_code=$?
	case $signature_code in
	0) [ -n "$signature_said" ] || return 1 ;;
	2)
		# Also when it cannot read; then it says so.
		case $signature_said in *rror*) return 1 ;; esac
		return 0
		;;
	8)
		signature=several signature_text="several signatures that contradict each other"
		return 0
		;;
	*) return 1 ;;
	esac
	while IFS= read -r signature_line; do
		case $signature_line in
		TYPE=*) signature=${signature_line#*=} ;;
		PTTYPE=*) signature=${signature:-${signature_line#*=}} ;;
		DEVNAME=* | USAGE=* | VERSION=* | BLOCK_SIZE=* | *_RAW=* | *_SUB=* | *_ENC=*) continue ;;
		esac
		signature_text="$signature_text${signature_text:+ }$signature_line"
	done <<-END
		$signature_said
	END
	signature=${signature:-unknown}
}

# zero_at_ends DEVICE BYTES: its first and its last MiB are zero; fails with 2 when they cannot be read.
zero_at_ends() {
	ends_count=256
	[ "$2" -ge 1048576 ] || ends_count=$((($2 + 4095) / 4096))
	ends_skip=$(($2 / 4096 - 256))
	[ "$ends_skip" -gt 0 ] || ends_skip=0
	ends_sum=$({
		dd if="$1" bs=4096 count="$ends_count" 2>/dev/null || echo unreadable
		dd if="$1" bs=4096 skip="$ends_skip" 2>/dev/null || echo unreadable
	} | tr -d '\000' | head -c 10)
	case $ends_sum in
	'') return 0 ;;
	unreadable) return 2 ;;
	*) return 1 ;;
	esac
}

# superblock_rows DEVICE: `ocfs2 UUID LABEL STACK CLUSTER local|global SLOTS BYTES BLOCKSIZE CLUSTERSIZE`, `beat NODE SEQUENCE`,
# `slot SLOT NODE`; nothing when it is no OCFS2. debugfs.ocfs2 exits 0 whatever happens.
superblock_rows() {
	superblock_asked=${work:-$run_dir}/debugfs.$$
	printf 'stats\nhb\nslotmap\n' >"$superblock_asked"
	debugfs.ocfs2 -f "$superblock_asked" "$1" 2>/dev/null </dev/null | awk '
		# Not every awk has powers.
		function power(n,   out) { out = 1; while (n-- > 0) out *= 2; return out }
		function text(label) { s = $0; sub("^[ \t]*" label ":[ \t]*", "", s); sub(/[ \t]+$/, "", s); return s == "" ? "-" : s }
		/^debugfs: / { part = $2; next }
		part == "stats" && /Block Size Bits:/ { block = $4; size = $8 }
		part == "stats" && /Max Node Slots:/ { slots = $4 }
		part == "stats" && /^[ \t]*Label:/ { label = text("Label") }
		part == "stats" && /^[ \t]*UUID:/ { uuid = tolower($2) }
		part == "stats" && /Cluster stack:/ { stack = text("Cluster stack") }
		part == "stats" && /Cluster name:/ { cluster = text("Cluster name") }
		part == "stats" && /Cluster flags:/ { global = /Globalheartbeat/ }
		part == "stats" && /Links:.*Clusters:/ { clusters = $4 }
		part == "stats" && /Feature Incompat:/ { local_only = / local( |$)/ }
		part == "hb" && $1 ~ /^[0-9]+:$/ { beat[++beats] = $2 "\t" $3 }
		part == "slotmap" && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ { slot[++used] = $1 "\t" $2 }
		END {
			if (uuid !~ /^[0-9a-f]+$/ || length(uuid) != 32) exit
			uuid = substr(uuid, 1, 8) "-" substr(uuid, 9, 4) "-" substr(uuid, 13, 4) "-" substr(uuid, 17, 4) "-" substr(uuid, 21)
			# Without the name of a stack it is the classic o2cb, of whatever cluster.
			if (stack == "" || stack == "-" || stack == "classic o2cb") stack = local_only ? "-" : "o2cb"
			printf "ocfs2\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.0f\t%.0f\n", uuid, label, stack, cluster == "" ? "-" : cluster, \
				global ? "global" : "local", slots, clusters * power(size), power(block), power(size)
			for (i = 1; i <= beats; i++) print "beat\t" beat[i]
			for (i = 1; i <= used; i++) print "slot\t" slot[i]
		}'
	[ -n "${work:-}" ] || rm -f "$superblock_asked"
}

# uuid_of DEVICE: of the OCFS2 on it; empty when there is none.
uuid_of() {
	superblock_rows "$1" | awk -F '\t' '$1 == "ocfs2" { print $2 }'
}
