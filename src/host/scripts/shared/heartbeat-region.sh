# Regions of a global heartbeat. `o2cb start-heartbeat` cannot be used: it looks for devices under a few names only,
# which do not include those of AoE (o2cb_scandisk.c of ocfs2-tools 1.8), and if it fails for one region, it stops the
# others.

# region_beats CLUSTERDIRECTORY REGION: the kernel writes this node's heartbeat there.
region_beats() {
	region_device=
	{ read -r region_device <"$1/heartbeat/$2/dev"; } 2>/dev/null || :
	[ -n "$region_device" ]
}

# region_layout REGION DEVICE SECTORBYTES: prints `STARTBLOCK BLOCKS` of the heartbeat file of the OCFS2 with that
# UUID. Both are in sectors of the device; each node has one sector. Prints nothing if the device contains another file
# system, or none. The kernel supports at most 255 nodes.
region_layout() {
	{
		debugfs.ocfs2 -R stats "$2"
		debugfs.ocfs2 -R 'stat //heartbeat' "$2"
	} 2>/dev/null </dev/null | awk -v region="$1" -v sector="$3" '
		function power(n,   out) { out = 1; while (n-- > 0) out *= 2; return out }
		/Block Size Bits:/ { block = power($4); cluster = power($8) }
		$1 == "UUID:" { uuid = toupper($2) }
		/Flags: .*Heartbeat/ { file = 1 }
		file && /Tree Depth:/ { depth = $3 }
		file && $1 == "0" && $2 == "0" && NF == 5 { clusters = $3; start = $4 }
		END {
			if (uuid != region || depth != "0" || clusters < 1 || start < 1 || sector < 512 || block < sector) exit
			blocks = clusters * cluster / sector
			if (blocks > 255) blocks = 255
			printf "%.0f %.0f\n", start * block / sector, blocks
		}'
}

# start_region CLUSTERDIRECTORY REGION DEVICE: starts the heartbeat of this node there. If that fails, removes the
# region again and sets region_error. Takes some seconds: the kernel waits for the heartbeats of the other nodes.
start_region() {
	region_error=
	! region_beats "$1" "$2" || return 0
	[ -b "$3" ] || {
		region_error="$3 is no block device"
		return 1
	}
	# This host's cache of the device may lack what other hosts wrote.
	! command -v blockdev >/dev/null 2>&1 || blockdev --flushbufs "$3" 2>/dev/null || :
	region_number=$(stat -L -c '%t %T' "$3")
	{ read -r region_sector <"/sys/dev/block/$((0x${region_number% *})):$((0x${region_number#* }))/queue/logical_block_size"; } 2>/dev/null ||
		region_sector=512
	region_blocks=$(region_layout "$2" "$3" "$region_sector")
	[ -n "$region_blocks" ] || {
		region_error="$3 does not hold the OCFS2 $2"
		return 1
	}
	# Removes a region that another process created but did not finish.
	[ ! -d "$1/heartbeat/$2" ] || rmdir "$1/heartbeat/$2" 2>/dev/null || :
	# The kernel expects the number of an open descriptor of the writing process.
	region_error=$({
		mkdir "$1/heartbeat/$2" &&
			echo "$region_sector" >"$1/heartbeat/$2/block_bytes" &&
			echo "${region_blocks% *}" >"$1/heartbeat/$2/start_block" &&
			echo "${region_blocks#* }" >"$1/heartbeat/$2/blocks" &&
			echo 8 >"$1/heartbeat/$2/dev"
	} 2>&1 8<>"$3") || :
	if region_beats "$1" "$2"; then return 0; fi
	rmdir "$1/heartbeat/$2" 2>/dev/null || :
	region_error="$region_error. The kernel: $(dmesg 2>/dev/null | grep o2hb | tail -n 1)"
	return 1
}
