# Reads the content of a block device with tools that do not join the cluster of a file system.

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

# require_alive DEVICE: refuses if the driver has given up the device: a read would fail and show nothing of its
# content.
require_alive() {
	device_state=up
	{ read -r device_state <"/sys/block/etherd!${1#/dev/etherd/}/state"; } 2>/dev/null || :
	[ "$device_state" = up ] || refuse DeviceMissing "$1 is $device_state"
}

# forget_cached DEVICE: drops this host's cache of the device, which may lack what other hosts wrote.
forget_cached() {
	! have blockdev || blockdev --flushbufs "$1" 2>/dev/null || :
}

# find_blkid: sets blkid_tool to blkid of util-linux; fails if there is none. busybox's recognizes less and always
# exits 0.
find_blkid() {
	for blkid_tool in blkid /usr/sbin/blkid /sbin/blkid; do
		case $("$blkid_tool" -V 2>&1) in *util-linux*) return 0 ;; esac
	done
	return 1
}

# signature_of DEVICE: sets signature (TYPE or PTTYPE of blkid, `several` if signatures contradict each other, empty if
# there is none) and signature_text for messages. Fails if blkid cannot read the device. Call it after find_blkid.
signature_of() {
	signature='' signature_text='' signature_code=0
	signature_said=$("$blkid_tool" -p -o export "$1" 2>&1 </dev/null) || signature_code=$?
	case $signature_code in
	0) [ -n "$signature_said" ] || return 1 ;;
	2)
		# blkid also exits 2 if it cannot read the device; it then prints an error.
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

# zero_at_ends DEVICE BYTES: its first and its last MiB are zeros; fails with 2 if they cannot be read.
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

# superblock_said DEVICE FILE: writes the output of debugfs.ocfs2 to FILE. debugfs.ocfs2 always exits 0.
superblock_said() {
	printf 'stats\nhb\nslotmap\n' >"$2.asked"
	debugfs.ocfs2 -f "$2.asked" "$1" >"$2" 2>/dev/null </dev/null || :
}

# awk function: superblock(FILE, HEAD, DEVICE) prints what superblock_rows prints, with HEAD before each row and DEVICE
# after its first word.
# shellcheck disable=SC2016
superblock_words='
# Not every awk can compute powers.
function power_of_two(n,   out) { out = 1; while (n-- > 0) out *= 2; return out }
function superblock_text(label,   s) { s = $0; sub("^[ \t]*" label ":[ \t]*", "", s); sub(/[ \t]+$/, "", s); return s == "" ? "-" : s }
function superblock(path, head, device,   part, block, size, slots, label, uuid, stack, cluster, global, clusters, local_only, beat, beats, slot, used, i) {
	while ((getline <path) > 0) {
		if (/^debugfs: /) { part = $2; continue }
		if (part == "stats" && /Block Size Bits:/) { block = $4; size = $8 }
		if (part == "stats" && /Max Node Slots:/) slots = $4
		if (part == "stats" && /^[ \t]*Label:/) label = superblock_text("Label")
		if (part == "stats" && /^[ \t]*UUID:/) uuid = tolower($2)
		if (part == "stats" && /Cluster stack:/) stack = superblock_text("Cluster stack")
		if (part == "stats" && /Cluster name:/) cluster = superblock_text("Cluster name")
		if (part == "stats" && /Cluster flags:/) global = /Globalheartbeat/
		if (part == "stats" && /Links:.*Clusters:/) clusters = $4
		if (part == "stats" && /Feature Incompat:/) local_only = / local( |$)/
		if (part == "hb" && $1 ~ /^[0-9]+:$/) beat[++beats] = $2 "\t" $3
		if (part == "slotmap" && $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/) slot[++used] = $1 "\t" $2
	}
	close(path)
	if (uuid !~ /^[0-9a-f]+$/ || length(uuid) != 32) return
	uuid = substr(uuid, 1, 8) "-" substr(uuid, 9, 4) "-" substr(uuid, 13, 4) "-" substr(uuid, 17, 4) "-" substr(uuid, 21)
	# Without the name of a stack, it is classic o2cb, for any cluster.
	if (stack == "" || stack == "-" || stack == "classic o2cb") stack = local_only ? "-" : "o2cb"
	printf "%socfs2%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.0f\t%.0f\n", head, device, uuid, label, stack, cluster == "" ? "-" : cluster, \
		global ? "global" : "local", slots, clusters * power_of_two(size), power_of_two(block), power_of_two(size)
	for (i = 1; i <= beats; i++) print head "beat" device "\t" beat[i]
	for (i = 1; i <= used; i++) print head "slot" device "\t" slot[i]
}
'

# superblock_rows DEVICE: prints `ocfs2 UUID LABEL STACK CLUSTER local|global SLOTS BYTES BLOCKSIZE CLUSTERSIZE`, `beat
# NODE SEQUENCE` and `slot SLOT NODE`; nothing if the device contains no OCFS2.
superblock_rows() {
	superblock_file=$run_dir/debugfs.$$
	superblock_said "$1" "$superblock_file"
	awk "$superblock_words"'BEGIN { superblock(ARGV[1], "", "") }' "$superblock_file"
	rm -f "$superblock_file" "$superblock_file.asked"
}

# uuid_of DEVICE: prints the UUID of the OCFS2 on it; nothing if there is none.
uuid_of() {
	superblock_rows "$1" | awk -F '\t' '$1 == "ocfs2" { print $2 }'
}
