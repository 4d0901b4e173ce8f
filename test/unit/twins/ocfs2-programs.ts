/**
 * ocfs2-tools 1.8.7 over @FAKE@/ocfs2: a row for each file system, `DEVICE CLUSTERS BLOCKBITS CLUSTERBITS SLOTS UUID
 * LABEL CLUSTER`, and @FAKE@/beats: `DEVICE NODE` of the nodes that write a heartbeat.
 */
const rows = `#!/bin/sh
FAKE=@FAKE@
for device; do :; done
row=$(awk -v device="$device" '$1 == device' "$FAKE/ocfs2" 2>/dev/null)
read -r _ clusters block_bits cluster_bits slots uuid label name <<END
$row
END
keep() {
	{ awk -v device="$device" '$1 != device' "$FAKE/ocfs2" 2>/dev/null
	echo "$device $1"; } >"$FAKE/ocfs2.new" && mv "$FAKE/ocfs2.new" "$FAKE/ocfs2"
}
number=$(awk -v device="$device" '$1 == device { print $2, $3 }' "$FAKE/blocks")
sectors() { read -r sectors <"$FAKE/../sys/dev/block/$((0x\${number% *})):$((0x\${number#* }))/size"; }
`;

/** `stats`, `hb` and `slotmap`; no node has a slot. A node writes the time every two seconds. */
export const debugfs = `${rows}[ -n "$row" ] || exit 0
printf 'debugfs: stats\n\tRevision: 0.90\n\tFeature Incompat: 63312 sparse extended-slotmap inline-data xattr indexed-dirs refcount discontig-bg clusterinfo append-dio\n'
printf '\tBlock Size Bits: %s   Cluster Size Bits: %s\n\tMax Node Slots: %s\n\tLabel: %s\n\tUUID: %s\n' "$block_bits" "$cluster_bits" "$slots" "$label" "$uuid"
printf '\tCluster stack: o2cb\n\tCluster name: %s\n\tCluster flags: 0 \n\tLinks: 0   Clusters: %s\n' "$name" "$clusters"
printf 'debugfs: hb\n\tnode: node              seq       generation checksum\n'
awk -v device="$device" '$1 == device { print $2 }' "$FAKE/beats" 2>/dev/null | while read -r node; do
	read -r now _ <"$FAKE/../proc/uptime"
	printf '\t%4d: %4d %016x %016x %08x\n' "$node" "$node" $((\${now%.*} / 2 * 2)) 1 2
done
printf 'debugfs: slotmap\n\tSlot#   Node#\n'
`;

/** tunefs.ocfs2 -S and -N; it must join the cluster. */
export const tunefs = `${rows}joined=
for cluster in "$FAKE"/../sys/kernel/config/cluster/*; do [ ! -d "$cluster" ] || joined=yes; done
[ -n "$joined" ] || { echo "tunefs.ocfs2: Unable to access cluster service while initializing the cluster" >&2; exit 1; }
case $1 in
-S) sectors
	clusters=$((sectors * 512 >> cluster_bits)) ;;
-N) [ ! -f "$FAKE/mounted-elsewhere" ] || { echo "tunefs.ocfs2: Trylock failed while opening device \\"$device\\"" >&2; exit 25; }
	slots=$2 ;;
esac
keep "$clusters $block_bits $cluster_bits $slots $uuid $label $name"
`;

/**
 * mkfs.ocfs2: it prints one line after the other; before \`--dry-run\` ends it refuses what fill_defaults() refuses.
 */
export const mkfs = `${rows}block= cluster= journal=0 type= dry=
while [ $# -gt 1 ]; do
	case $1 in
	--dry-run) dry=yes ;;
	--cluster-stack=o2cb | --global-heartbeat) ;;
	--cluster-name=*) name=\${1#*=} ;;
	-U) new_uuid=$(echo "$2" | tr -d - | tr a-f A-F) shown_uuid=$2; shift ;;
	-L) label=$2; shift ;;
	-N) slots=$2; shift ;;
	-b) block=$2; shift ;;
	-C) cluster=$2; shift ;;
	-J) journal=\${2#size=}; shift ;;
	-T) type=$2; shift ;;
	*) echo "usage: mkfs.ocfs2 [-b block-size] [-C cluster-size] [-J journal-options]" >&2; exit 1 ;;
	esac
	shift
done
echo "mkfs.ocfs2 1.8.7" >&2
printf 'Cluster stack: o2cb\nCluster name: %s\nStack Flags: 0x0\nNOTE: Feature extended slot map may be enabled\n' "$name"
if [ -n "$row" ]; then
	printf 'Overwriting existing ocfs2 partition.\nProceed (y/N): Aborting operation.\n'
	exit 1
fi
sectors
bytes=$((sectors * 512))
if [ -z "$block" ]; then
	block=512 least=1073741824
	if [ "$bytes" -gt 3145728 ]; then
		block=4096
		while [ "$block" -gt 1024 ] && [ "$bytes" -lt "$least" ]; do block=$((block / 2)) least=$((least / 2)); done
	fi
fi
case \${cluster:-$type} in
vmstore | datafiles)
	[ "$bytes" -ge 2147483648 ] || { printf 'mkfs.ocfs2: Selected file system type requires a device of at least 2 gigabytes\n\n' >&2; exit 1; }
	cluster=131072
	;;
esac
cluster=\${cluster:-4096}
clusters=$((bytes / cluster))
blocks=$((clusters * cluster / block))
[ "$blocks" -ge 2048 ] || { echo "Filesystem too small for a journal" >&2; exit 1; }
[ "$journal" = 0 ] || [ $((journal / block * slots + 1024)) -le "$blocks" ] || { echo "Journal size too big for filesystem." >&2; exit 1; }
bits() { n=$1 bits=0; while [ "$n" -gt 1 ]; do n=$((n / 2)) bits=$((bits + 1)); done; }
bits "$block"; block_bits=$bits
bits "$cluster"; cluster_bits=$bits
printf 'Label: %s\nBlock size: %s (%s bits)\nCluster size: %s (%s bits)\n' "$label" "$block" "$block_bits" "$cluster" "$cluster_bits"
printf 'Volume size: %s (%s clusters) (%s blocks)\nNode slots: %s\n' "$((clusters * cluster))" "$clusters" "$blocks" "$slots"
[ -z "$dry" ] || exit 0
printf 'Creating bitmaps: done\nInitializing superblock: done\n'
printf OCFSV2 | dd of="$device" bs=512 seek=16 conv=notrunc 2>/dev/null
keep "$clusters $block_bits $cluster_bits $slots $new_uuid $label $name"
echo "$device $shown_uuid ocfs2 $label" >>"$FAKE/blkid"
printf 'Writing lost+found: done\nmkfs.ocfs2 successful\n\n'
`;
