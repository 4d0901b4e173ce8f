#!/bin/sh
# Ensures that a blank device is formatted as OCFS2, once and never again. Everything is checked here, under the lock,
# at the last moment; the record of the format is on this host's disk before mkfs.ocfs2 begins. Never -F, never -x.
# changes: formats a blank device as OCFS2, once; /var/lib/xensan/formats/UUID records this
# undo: not possible; the record is kept on purpose
# Arguments: OWNER DEVICE UUID LABEL CLUSTER local|global SLOTS BLOCKSIZE|- CLUSTERSIZE|- JOURNALSIZE|- TYPE|- BYTES SERVER INTERFACE
# Prints done<TAB>formatted, or done<TAB>unchanged when exactly this file system is there and its record says done.
# Exit codes: 0 done, 3 refused (OcfsToolsMissing ToolMissing DeviceMissing NotBlank SizeDiffers WrongServer HeartbeatActive
# ForeignCluster WrongFilesystem FormatInterrupted FormatFailed InvalidArgument NoSpace ReadOnlyFileSystem), 4 busy: also
# while the format still runs after a cut connection.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: o2cb.sh
# include: ocfs2-device.sh
# include: format-records.sh
# include: aoe-server.sh

owner=$1 device=$2 uuid=$3 label=$4 cluster=$5 mode=$6 slots=$7 block=$8 cluster_size=$9
shift 9
journal=$1 type=$2 bytes=$3 server=$4 net=$5
case $uuid in *[!0-9a-f-]* | '') refuse InvalidArgument "$uuid is not a UUID" ;; esac
record=$state_dir/formats/$uuid
log=$run_dir/format.$uuid.log

for tool in mkfs.ocfs2 debugfs.ocfs2; do have "$tool" || refuse OcfsToolsMissing "$tool is not installed"; done
for tool in setsid aoeping; do have "$tool" || refuse ToolMissing "$tool is not installed"; done
find_blkid || refuse ToolMissing "blkid of util-linux is not installed"
# libo2cb forks to run modprobe; if that fails, the child goes on as a second mkfs.ocfs2.
/sbin/modprobe --version >/dev/null 2>&1 || refuse ToolMissing "/sbin/modprobe does not run, and ocfs2-tools are not safe without it"
take_lock format 5

# Formats that began here earlier with this UUID or on this device.
mkdir -p "$state_dir/formats" 2>/dev/null || refuse_write "$state_dir/formats" "Read-only file system"
for file in "$state_dir"/formats/*; do
	[ -f "$file" ] || continue
	case $file in *.xensan-new) continue ;; esac
	format_state "$file"
	[ "$file" = "$record" ] || [ "$record_device" = "$device" ] || continue
	case $record_state in
	Running)
		printf 'busy\tmkfs.ocfs2 is still formatting %s for an earlier command\n' "$record_device"
		exit 4
		;;
	Interrupted)
		refuse FormatInterrupted "a format of $record_device as ${file##*/} started on this host and did not finish; it is not repeated. Look at the device; to allow a new format, remove $file"
		;;
	esac
done

# The device must exist, have the right size, be served by the right host, and not be in use.
device_facts "$device" || refuse DeviceMissing "$device is not a block device"
require_alive "$device"
if [ -e "$record" ]; then
	forget_cached "$device"
	[ "$(uuid_of "$device")" = "$uuid" ] ||
		refuse WrongFilesystem "$uuid was made on $device but is no longer there: $(signature_of "$device" && echo "${signature_text:-no signature}")"
	finish unchanged
fi
[ "$device_size" = "$bytes" ] || refuse SizeDiffers "$device has $device_size bytes, the volume $bytes"
while read -r _ _ mounted_number _ mounted_point _; do
	[ "$mounted_number" != "$device_number" ] || refuse NotBlank "$device is mounted on $mounted_point"
done </proc/self/mountinfo
for holder in "/sys/dev/block/$device_number"/holders/* "/sys/dev/block/$device_number"/*/partition; do
	[ ! -e "$holder" ] || refuse NotBlank "$device has a holder or a partition: ${holder#/sys/dev/block/"$device_number"/}"
done
while read -r swap_name _; do
	[ "$swap_name" != "$device" ] || refuse NotBlank "$device is used as swap"
done </proc/swaps
active_cluster
case $active in
'' | "$cluster") ;;
*) refuse ForeignCluster "the cluster $active is active on this host" ;;
esac
require_server "$device" "$server" "$net"

# mkfs.ocfs2 decides which sizes are valid together; --dry-run writes nothing.
set -- -U "$uuid" -L "$label" -N "$slots" --cluster-stack=o2cb --cluster-name="$cluster"
[ "$mode" != global ] || set -- "$@" --global-heartbeat
[ "$block" = - ] || set -- "$@" -b "$block"
[ "$cluster_size" = - ] || set -- "$@" -C "$cluster_size"
[ "$journal" = - ] || set -- "$@" -J "size=$journal"
[ "$type" = - ] || set -- "$@" -T "$type"

# require_blank: refuses a device that is not blank. Called as late as possible; reads from the disk, not from the
# cache.
require_blank() {
	forget_cached "$device"
	signature_of "$device" || refuse DeviceMissing "$device cannot be read"
	if [ "$signature" = ocfs2 ]; then
		superblock=$(superblock_rows "$device" | awk -F '\t' '$1 == "ocfs2" { print "label " $3 ", UUID " $2 ", cluster " $5 }')
		before=$(superblock_rows "$device" | grep '^beat' || :)
		if [ -n "$before" ]; then
			# A node writes every two seconds.
			sleep 5
			after=$(superblock_rows "$device" | grep '^beat' || :)
			[ "$before" = "$after" ] || refuse HeartbeatActive "a node has it mounted and writes a heartbeat: OCFS2, $superblock"
		fi
		refuse NotBlank "OCFS2, $superblock"
	fi
	[ -z "$signature" ] || refuse NotBlank "$signature: $signature_text"
	blank_code=0
	zero_at_ends "$device" "$bytes" || blank_code=$?
	case $blank_code in
	0) ;;
	2) refuse DeviceMissing "$device cannot be read" ;;
	*) refuse NotBlank "no signature, but its first or last MiB is not zero" ;;
	esac
}
require_blank
: >"$log"
mkfs.ocfs2 --dry-run "$@" "$device" </dev/null >"$log" 2>&1 9>&- || refuse FormatFailed "mkfs.ocfs2 refuses: $(tail -n 2 "$log" | tr '\n' ' ')"
cat >"$run_dir/run-format" <<'END'
# include: run-format.sh
END
require_blank

# run-format keeps the lock (descriptor 9) until it ends, even if this process ends first.
: >"$log"
setsid sh "$run_dir/run-format" "$blkid_tool" "$record" "$device" "$owner" "$uuid" "$log" "$@" "$device" </dev/null >/dev/null 2>&1 &
code=0
wait $! || code=$?
said=$(grep -v '^$' "$log" | tail -n 3 | tr '\n' ' ')
if [ -e "$record" ]; then
	format_state "$record"
	[ "$record_state" != Done ] || finish formatted
	refuse FormatFailed "$said"
fi
[ "$code" != 2 ] || refuse_write "$record" "$said"
refuse FormatFailed "the format did not start: $said"
