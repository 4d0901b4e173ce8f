# include: awk-words.sh
# include: processes.sh
# Configured and running vblades. Rows of fields separated by tabs; awk code that uses them needs $escape_fields.

# conf INSTANCE SHELF SLOT NETIF FILENAME OPTIONS OWNER: the complete files of /etc/vblade.conf.d. Debian's generator
# reads lower-case keys only and skips incomplete files; so does this.
configured_instances() {
	set -- /etc/vblade.conf.d/*.conf
	[ -f "$1" ] || return 0
	awk "$escape_fields"'
		FNR == 1 { flush(); file = FILENAME }
		/^# xensan: / { owner = substr($0, 11); next }
		/^[ \t]*[a-z]+=/ {
			key = $0; sub(/=.*/, "", key); sub(/^[ \t]*/, "", key)
			text = $0; sub(/^[^=]*=/, "", text); sub(/[ \t]+$/, "", text)
			if (text ~ /^".*"$/ || text ~ /^'\''.*'\''$/) text = substr(text, 2, length(text) - 2)
			value[key] = text
		}
		END { flush() }
		function flush(   name) {
			if (file == "") return
			name = file; sub(/.*\//, "", name); sub(/\.conf$/, "", name)
			if (value["shelf"] != "" && value["slot"] != "" && value["netif"] != "" && value["filename"] != "")
				print "conf\t" esc(name) "\t" esc(value["shelf"]) "\t" esc(value["slot"]) "\t" esc(value["netif"]) \
					"\t" esc(value["filename"]) "\t" esc(value["options"]) "\t" esc(owner)
			owner = ""
			value["shelf"] = value["slot"] = value["netif"] = value["filename"] = value["options"] = ""
		}' "$@"
}

# inittab ID OWNER ARGV…: vblade lines of /etc/inittab; ARGV without the program.
configured_inittab() {
	[ -f /etc/inittab ] || return 0
	awk -F: "$escape_fields"'
		/^# xensan: / { owner = substr($0, 11); next }
		/^#/ || NF < 4 || $3 == "off" { owner = ""; next }
		{
			line = $0; sub(/^[^:]*:[^:]*:[^:]*:\+?/, "", line)
			count = split(line, argv, /[ \t]+/)
			start = 0
			for (i = 1; i <= count; i++) if (argv[i] ~ /(^|\/)vblade$/) { start = i; break }
			if (start > 0) {
				printf "inittab\t%s\t%s", esc($1), esc(owner)
				for (i = start + 1; i <= count && argv[i] !~ /^[0-9]*[<>|&;]/; i++) if (argv[i] != "") printf "\t%s", esc(argv[i])
				printf "\n"
			}
			owner = ""
		}' /etc/inittab
}

# process PID ARGV…: running vblades. Arguments end in NUL: all lists are read in one go with \001 between them.
running_vblades() {
	# Uses the caller's own directory if there is one: the probe runs in parallel with scripts that hold the lock.
	running_work=${work:-$run_dir}
	[ -d "$run_dir" ] || mkdir -p "$run_dir"
	printf '\001' >"$running_work/between"
	know_processes || :
	while read -r running_pid running_name; do
		[ "$running_name" != vblade ] || echo "$running_pid"
	done >"$running_work/running" <<-END
		$found_processes
	END
	[ -s "$running_work/running" ] || return 0
	awk -v between="$running_work/between" '{ print "/proc/" $0 "/cmdline\n" between }' "$running_work/running" | tr '\n' '\0' |
		xargs -0 cat 2>/dev/null | tr '\011\012\000\001' '  \011\012' | awk -F '\t' -v pids="$running_work/running" '
		{ getline process <pids }
		# A process that ended meanwhile has no arguments.
		NF > 1 { sub(/\t$/, ""); sub(/^[^\t]*\t/, ""); print "process\t" process "\t" $0 }'
}
