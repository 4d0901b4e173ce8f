# configuration_rows FILE: what a domain's configuration requires of its host, one a line: `name NAME`, `uuid UUID`,
# `file PATH` (kernel, ramdisk), `bridge NAME`, `ovs-bridge NAME` or NAME.VLAN, `memory MIB`, `image PATH` of a written
# disk, `read PATH` of a read-only one, `cdrom PATH` of a CD-ROM drive, `setting KEY=VALUE` of a key without a field,
# and `odd LINE` for everything that is not known to be harmless.
configuration_rows() {
	awk '
		/^[ \t]*(#|$)/ { next }
		{
			key = $0; sub(/[ \t]*=.*/, "", key); sub(/^[ \t]*/, "", key)
			text = $0; sub(/^[^=]*=[ \t]*/, "", text); sub(/[ \t]*$/, "", text)
			plain = text; gsub(/^"|"$/, "", plain)
			if (text ~ /^"/ && text !~ /^"[^"]*"$/) { print "odd " $0; next }
			if (key == "name" || key == "uuid" || key == "memory") print key " " plain
			else if (key == "kernel" || key == "ramdisk") print "file " plain
			else if (key == "bootloader") { if (plain != "pygrub") print "odd " $0 }
			else if (key == "vnclisten") { if (plain != "127.0.0.1") print "odd " $0 }
			else if (key == "bios") { if (plain != "ovmf") print "odd " $0 }
			else if (key == "vif") items(text, "vif")
			else if (key == "disk") items(text, "disk")
			else if (key ~ /^(type|builder|maxmem|vcpus|cpus|extra|on_poweroff|on_reboot|on_crash|boot|vnc|vncunused)$/) next
			else if (key == "serial") { if (plain != "pty") print "odd " $0 }
			else if (key ~ /^[a-z][a-z0-9_]*$/ && plain ~ /^[A-Za-z0-9._:,+\/@%=-]+$/) print "setting " key "=" plain
			else print "odd " $0
		}
		function items(list, kind,   count, piece, i, part, j, words, found, access, bridge) {
			if (list !~ /^\[.*\]$/) { print "odd " $0; return }
			count = split(list, piece, "\"")
			for (i = 2; i < count; i += 2) {
				words = split(piece[i], part, /[ \t]*,[ \t]*/)
				found = ""
				access = "image"
				bridge = "bridge "
				for (j = 1; j <= words; j++) {
					if (kind == "disk" && part[j] ~ /^(access=ro|r)$/ && access != "cdrom") access = "read"
					if (kind == "disk" && part[j] ~ /^(devtype=cdrom|[a-z0-9]+:cdrom)$/) access = "cdrom"
					if (kind == "vif" && part[j] ~ /^bridge=/) found = substr(part[j], 8)
					else if (kind == "vif" && part[j] == "script=vif-openvswitch") bridge = "ovs-bridge "
					else if (kind == "vif" && part[j] !~ /^(mac=[0-9a-fA-F:]+|type=(ioemu|vif)|model=[a-z0-9-]+|vifname=[A-Za-z0-9._-]+|)$/) print "odd " piece[i]
					else if (kind == "disk" && part[j] ~ /^target=/) found = substr(part[j], 8)
					else if (kind == "disk" && part[j] ~ /^file:/) found = substr(part[j], 6)
					else if (kind == "disk" && part[j] !~ /^(format=raw|vdev=[a-z0-9]+|access=(rw|ro)|devtype=cdrom|[a-z0-9]+(:cdrom)?|[rw])$/) print "odd " piece[i]
				}
				# Without a bridge, the host would choose one. A disk must name its image.
				if (found == "") print "odd " piece[i]
				else print (kind == "disk" ? access " " : bridge) found
			}
		}' "$1"
}
