# Messages of the kernel about devices, OCFS2 and O2CB since the boot, as far back as its buffer reaches.

# shellcheck disable=SC2016
kernel_log_words='
function log_subject(pattern,   s) {
	if (!match($0, pattern)) return "-"
	s = substr($0, RSTART, RLENGTH)
	sub(/.* /, "", s); gsub(/[(),:]/, "", s)
	return s
}
# log_device: the block device that a line is about, as the block layer, file systems or their journals print it.
function log_device(   s) {
	if (match($0, /JBD2?: .*superblock for [^ ]+/)) {
		s = substr($0, RSTART, RLENGTH)
		# DEVICE-INODE, or DEVICE alone, with an exclamation mark for each slash
		sub(/.* /, "", s); sub(/[.]$/, "", s); gsub(/!/, "/", s)
		if (s !~ /^dm-[0-9]+$/) sub(/-[0-9]+$/, "", s)
	} else if ((s = log_subject("dev(ice)? [^ ,]+")) == "-" && match($0, /[A-Za-z0-9_-]+ [(][^ ()]+[)]: /)) {
		s = substr($0, RSTART, RLENGTH)
		sub(/.*[(]/, "", s); sub(/[)].*/, "", s)
	} else if (s == "-" && (s = log_subject("[Ee]rror on [^ ,]+")) == "-" && match($0, /\[[a-z][a-z0-9]*\] /))
		s = substr($0, RSTART + 1, RLENGTH - 3)
	sub(/^\/dev\//, "", s)
	return s
}
# kernel_log: prints the rows made from the output of dmesg. Words count only in lines that begin as those of OCFS2, of the
# AoE driver and of the journal do, such as (COMMAND,PID,CPU):FUNCTION:LINE, in old kernels (PID,CPU):FUNCTION:LINE. Other
# lines name what guests and users chose: the backend drivers of Xen print texts of their guests.
function kernel_log(   kind, about, own, seconds, text, key, order, kinds, count, last, i, state) {
	while ((state = (getline < (work "/dmesg"))) > 0) {
		if (!/I\/O error|aoe:|o2hb|o2net|o2quo|o2dlm|dlm_|o2cb|ocfs2|OCFS2|JBD2?: /) continue
		text = $0
		# Linux adds the thread or the processor where it was built with CONFIG_PRINTK_CALLER.
		sub(/^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\] *(\[ *[TC][0-9]+\] *)?)?/, "", text)
		# DRIVER DEVICE-DOMAIN-NUMBER, as in "vbd vbd-5-51712: "
		if (text ~ /^([Xx]en|vbd|vif|[A-Za-z0-9_-]+ [a-z0-9_]+-[0-9]+-[0-9]+[ :])/) continue
		own = text ~ /^(\((.*,)?[0-9]+,[0-9]+\):[A-Za-z0-9_]+:[0-9]+ |[*][*][*] |(OCFS2|ocfs2[a-z0-9_]*|o2[a-z]+|aoe|JBD2?): |On-disk corruption |File system is now read-only)/
		kind = ""; about = "-"
		if (own && /very sorry to be fencing|o2hb_stop_all_regions|o2quo.*(fenc|panic|restart)/) kind = "Fencing"
		else if (/I\/O error/) {
			about = log_device()
			kind = "IoError"
			if (about == "-" && own && /o2hb/) kind = "Heartbeat"
			else if (about == "-" && own && /ocfs2|OCFS2/) kind = "Ocfs2Error"
		}
		else if (!own) continue
		else if (/aoe: .*(not responding|went away|device .* failed|no response|ata error)/) { kind = "IoError"; about = log_subject("e[0-9]+[.][0-9]+") }
		else if (/o2hb/ && /ERROR|hung|Error|timeout|Unable|stopping/) {
			kind = "Heartbeat"
			about = log_subject("device [^ ]+")
			if (about == "-") about = log_subject("region [0-9A-F]+")
			if (about == "-" && match($0, /o2hb-[0-9A-F]+/)) about = substr($0, RSTART + 5, RLENGTH - 5)
		} else if (/o2net/ && /No longer connected|No connection established|has been idle|Disconnecting|shutdown, state|unknown node|failed with errno/) {
			kind = "Network"
			about = log_subject("[Nn]ode [^ ]+")
		} else if (/OCFS2: ERROR|OCFS2: File system is now read-only|On-disk corruption|ocfs2.* ERROR|ocfs2_.*ERROR|JBD2?: Error|Timed out joining dlm domain|Cluster check failed|could not connect to nodes/) {
			kind = "Ocfs2Error"
			about = log_subject("device [^ ]+")
			if (/JBD2?: /) about = log_device()
			if (about == "-" && match($0, /etherd\/e[0-9]+[.][0-9]+/)) about = substr($0, RSTART, RLENGTH)
		}
		if (kind == "") continue
		seconds = $0
		if (!sub(/^(<[0-9]+>)?\[ */, "", seconds)) seconds = "0"
		sub(/\..*/, "", seconds)
		if (seconds !~ /^[0-9]+$/) seconds = 0
		gsub(/\t/, " ", text); gsub(/\\/, "\\134", text)
		key = kind "\t" about
		if (!(key in count)) order[++kinds] = key
		count[key]++
		last[key] = seconds "\t" substr(text, 1, 300)
	}
	if (state < 0) return 0
	for (i = 1; i <= kinds; i++) print "kernel-log\t" order[i] "\t" count[order[i]] "\t" last[order[i]]
	return 1
}
'
