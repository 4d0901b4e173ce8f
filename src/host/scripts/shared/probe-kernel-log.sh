# What the kernel said of devices, OCFS2 and O2CB since the boot, as far back as its buffer reaches.

probe_kernel_log() {
	dmesg >"$work/dmesg" || return 1
	awk '
		function subject(pattern,   s) {
			if (!match($0, pattern)) return "-"
			s = substr($0, RSTART, RLENGTH)
			sub(/.* /, "", s); gsub(/[(),:]/, "", s)
			return s
		}
		!/I\/O error|aoe:|o2hb|o2net|o2quo|o2dlm|dlm_|o2cb|ocfs2|OCFS2|JBD2?: / { next }
		{
			kind = ""; about = "-"
			if (/very sorry to be fencing|o2hb_stop_all_regions|o2quo.*(fenc|panic|restart)/) kind = "Fencing"
			else if (/I\/O error/) {
				kind = "IoError"
				about = subject("dev [^ ,]+")
				# Kernels before 4.4
				if (about == "-") about = subject("device [^ ,]+")
			}
			else if (/aoe: .*(not responding|went away|device .* failed|no response|ata error)/) { kind = "IoError"; about = subject("e[0-9]+[.][0-9]+") }
			else if (/o2hb/ && /ERROR|hung|Error|timeout|Unable|stopping/) {
				kind = "Heartbeat"
				about = subject("device [^ ]+")
				if (about == "-") about = subject("region [0-9A-F]+")
				if (about == "-" && match($0, /o2hb-[0-9A-F]+/)) about = substr($0, RSTART + 5, RLENGTH - 5)
			} else if (/o2net/ && /No longer connected|No connection established|has been idle|Disconnecting|shutdown, state|unknown node|failed with errno/) {
				kind = "Network"
				about = subject("[Nn]ode [^ ]+")
			} else if (/OCFS2: ERROR|OCFS2: File system is now read-only|On-disk corruption|ocfs2.* ERROR|ocfs2_.*ERROR|JBD2?: Error|Timed out joining dlm domain|Cluster check failed|could not connect to nodes/) {
				kind = "Ocfs2Error"
				about = subject("device [^ ]+")
				if (about == "-" && match($0, /etherd\/e[0-9]+[.][0-9]+/)) about = substr($0, RSTART, RLENGTH)
			}
			if (kind == "") next
			seconds = $0
			if (!sub(/^(<[0-9]+>)?\[ */, "", seconds)) seconds = "0"
			sub(/\..*/, "", seconds)
			if (seconds !~ /^[0-9]+$/) seconds = 0
			text = $0; sub(/^(<[0-9]+>)?\[[^]]*\] */, "", text); gsub(/\t/, " ", text); gsub(/\\/, "\\134", text)
			key = kind "\t" about
			if (!(key in count)) order[++kinds] = key
			count[key]++
			last[key] = seconds "\t" substr(text, 1, 300)
		}
		END { for (i = 1; i <= kinds; i++) print "kernel-log\t" order[i] "\t" count[order[i]] "\t" last[order[i]] }' "$work/dmesg"
}
