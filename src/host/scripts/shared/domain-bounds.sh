# What a domain may use of a host: the owner's globs, as arguments bridge=GLOB, bootfile=GLOB and cdrom=GLOB,
# and setting=KEY or setting=KEY=VALUE.

# within KIND TEXT ARGUMENT…: TEXT matches the glob of one of the arguments KIND=GLOB.
within() {
	within_kind=$1 within_text=$2
	shift 2
	for within_glob; do
		case $within_glob in "$within_kind="*) ! glob_matches "${within_glob#*=}" "$within_text" || return 0 ;; esac
	done
	return 1
}

# allows_setting KEY=VALUE ARGUMENT…: one of the arguments is setting=KEY or setting=KEY=VALUE.
allows_setting() {
	allows_asked=$1
	shift
	for allows_one; do
		case $allows_one in "setting=$allows_asked" | "setting=${allows_asked%%=*}") return 0 ;; esac
	done
	return 1
}

# running_rows DOMID: prints what the toolstack shows of a running domain: `bridge NAME`, `file PATH` (kernel,
# ramdisk), `disk PATH` of a raw disk, `disk` of an empty drive, `disk TEXT` or `odd-disk TEXT` of other disks, and
# last `said -`. Prints nothing if the toolstack shows nothing. What a bootloader extracts from the image is not a file
# of the host.
running_rows() {
	"$toolstack" list --long "$1" 2>/dev/null </dev/null 9>&- | awk '
		{ seen = 1 }
		function plain(text) { sub(/^[^:]*:[ \t]*"/, "", text); sub(/",?[ \t]*$/, "", text); return text }
		/^[ \t]*"bridge":[ \t]*"/ { rows = rows "bridge " plain($0) "\n" }
		/hvmloader/ { next }
		/^[ \t]*"(kernel|ramdisk)":[ \t]*"/ { files = files "file " plain($0) "\n" }
		function disk(kind, text) { disks = disks kind " " text "\n" }
		/^[ \t]*"disks":[ \t]*\[/ { in_disks = $0 !~ /\]/; next }
		in_disks && /^[ \t]*\]/ { in_disks = 0 }
		in_disks && /^[ \t]*[{]/ { path = odd = "" }
		in_disks && /^[ \t]*"pdev_path":[ \t]*"/ { path = plain($0) }
		in_disks && /^[ \t]*"(format|script|backend_domname)":[ \t]*"/ {
			key = $0; sub(/^[ \t]*"/, "", key); sub(/".*$/, "", key)
			if (key != "format" || plain($0) !~ /^(raw|empty)$/) odd = odd " (" key " " plain($0) ")"
		}
		in_disks && /^[ \t]*"backend_domid":[ \t]*[1-9]/ { odd = odd " (of another domain than dom0)" }
		in_disks && /^[ \t]*[}]/ { disk(odd == "" ? "disk" : "odd-disk", path odd) }
		/\(uname[ )]/ {
			text = $0; sub(/^.*\(uname */, "", text); sub(/\).*$/, "", text)
			if (sub(/^phy:/, "", text) && text !~ /^\//) text = "/dev/" text
			sub(/^(file|tap2?:aio):/, "", text)
			disk("disk", text)
		}
		/^[ \t]*"bootloader":[ \t]*"/ { loaded = 1 }
		/\(bridge [^()]+\)/ { text = $0; sub(/^.*\(bridge /, "", text); sub(/\).*$/, "", text); rows = rows "bridge " text "\n" }
		/\((kernel|ramdisk) [^()]+\)/ { text = $0; sub(/^.*\((kernel|ramdisk) /, "", text); sub(/\).*$/, "", text); files = files "file " text "\n" }
		/\(bootloader [^()]+\)/ { loaded = 1 }
		END { printf "%s%s%s", rows, loaded ? "" : files, disks; if (seen) print "said -" }'
}
