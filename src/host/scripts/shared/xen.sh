# The toolstack's view of this host's domains. A domain is found by its UUID and addressed by its id: names repeat and
# change during a migration, and xl takes a name of digits for an id.

# find_toolstack: sets toolstack to xl, xm or none.
find_toolstack() {
	toolstack=none
	if have xl; then
		toolstack=xl
	elif have xm; then
		toolstack=xm
	fi
}

# privileged: the kernel says that this is the control domain.
privileged() {
	for privileged_file in /proc/xen/capabilities /sys/hypervisor/properties/features; do
		case $privileged_file in
		/proc/*)
			{ read -r privileged_text <"$privileged_file"; } 2>/dev/null || continue
			case $privileged_text in *control_d*) return 0 ;; esac
			;;
		*)
			# Bit 11 (XENFEAT_dom0), where xenfs is not mounted.
			{ read -r privileged_text <"$privileged_file"; } 2>/dev/null || continue
			case $privileged_text in '' | *[!0-9a-f]*) continue ;; esac
			[ $((0x$privileged_text >> 11 & 1)) = 0 ] || return 0
			;;
		esac
	done
	return 1
}

# require_toolstack: sets toolstack to xl or xm.
require_toolstack() {
	find_toolstack
	[ "$toolstack" != none ] || refuse ToolMissing "neither xl nor xm is installed"
}

# domain_rows FILE: writes one line per domain, without Domain-0: ID NAME UUID MEMORY VCPUS STATE REASON SECONDS,
# separated by tabs. STATE has no hyphens, - for none; REASON is empty if the toolstack does not report it. A row that
# cannot be read is ? TEXT UUID (- if it shows none) - - - - -. Fails if the toolstack does not answer.
domain_rows() {
	rows_code=0
	ask_domains "$1" || rows_code=$?
	if [ "$rows_code" = 0 ]; then
		"${toolstack}_rows" "$1.said" >"$1" || {
			rows_code=$?
			last_hints "$1"
		}
	fi
	# A probe removes all of its files at once.
	[ -n "${work:-}" ] || rm -f "$1.said" "$1.hints"
	return "$rows_code"
}

# ask_domains FILE: writes the list of the toolstack to FILE.said. If there is none, prints its last messages and
# fails.
ask_domains() {
	find_toolstack
	if [ "$toolstack" = xl ]; then set -- "$1" list -v; else set -- "$1" list --long; fi
	ask_code=0
	# Warnings go to stderr, even if the list is valid.
	limited 20 "$toolstack" "$2" "$3" >"$1.said" 2>"$1.hints" </dev/null || ask_code=$?
	[ "$ask_code" = 0 ] || last_hints "$1"
	return "$ask_code"
}

last_hints() {
	{ tail -n 3 "$1.hints" && tail -n 3 "$1.said"; } | head -n 3 >&2
}

# awk function: xl_list(FILE, HEAD) prints the rows of xl list -v after HEAD. Reads from the right, because a name may
# contain blanks. A list without Domain-0 is not valid: xl exits 0 in more cases than it should.
# shellcheck disable=SC2016
xl_words='
function is_uuid(word) { return length(word) == 36 && word ~ /^[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+$/ }
function xl_list(path, head,   heading, privileged, u, i, name, text, letters, rows, count) {
	while ((getline <path) > 0) {
		if (!heading) { if ($1 == "Name" && $2 == "ID") heading = 1; continue }
		if (NF == 0) continue
		for (u = NF; u > 0; u--) if (is_uuid($u)) break
		if (u <= 6 || $(u - 5) !~ /^[0-9]+$/ || length($(u - 2)) != 6) {
			text = $0; gsub(/\t/, " ", text)
			text = sprintf("?\t%s\t%s\t-\t-\t-\t-\t-", substr(text, 1, 200), (u > 0 ? tolower($u) : "-"))
		} else if ($(u - 5) == 0) {
			privileged = 1
			continue
		} else {
			name = $1
			for (i = 2; i <= u - 6; i++) name = name " " $i
			letters = substr($(u - 2), 1, 4) substr($(u - 2), 6)
			gsub(/-/, "", letters)
			text = $(u - 5) "\t" name "\t" tolower($u) "\t" $(u - 4) "\t" $(u - 3) "\t" (letters == "" ? "-" : letters) "\t" substr($(u - 2), 5, 1) "\t" $(u - 1)
		}
		if (head != "") gsub(/\\/, "\\134", text)
		rows[++count] = head text
	}
	close(path)
	if (privileged) for (i = 1; i <= count; i++) print rows[i]
	return privileged
}
'

xl_rows() {
	awk "$xl_words"'BEGIN { exit !xl_list(ARGV[1], "") }' "$1"
}

# xm list --long prints an s-expression for each domain, with its own values one level deep (from the sources of xend).
xm_rows() {
	awk '
		{
			line = $0
			if (depth == 1 && match(line, /^[ \t]*\([a-z_]+ [^()]*\)/)) {
				pair = substr(line, RSTART, RLENGTH)
				sub(/^[ \t]*\(/, "", pair); sub(/\)$/, "", pair)
				key = pair; sub(/ .*/, "", key)
				text = pair; sub(/^[^ ]* /, "", text)
				gsub(/\047/, "", text)
				value[key] = text
			}
			opened = gsub(/\(/, "(", line); closed = gsub(/\)/, ")", line)
			depth += opened - closed
			if (depth == 0 && opened + closed > 0) flush()
		}
		END { if (!domains) exit 1 }
		function flush(   letters) {
			domains++
			# Domain-0 is left out, whatever else is reported about it.
			if (value["domid"] != "0" && (value["domid"] == "" || value["uuid"] == ""))
				printf "?\t%s\t%s\t-\t-\t-\t-\t-\n", (value["name"] == "" ? "-" : value["name"]), (value["uuid"] == "" ? "-" : tolower(value["uuid"]))
			else if (value["domid"] != "0") {
				letters = value["state"]; gsub(/-/, "", letters)
				printf "%s\t%s\t%s\t%.0f\t%.0f\t%s\t\t%.1f\n", value["domid"], value["name"], tolower(value["uuid"]), value["memory"], \
					value["online_vcpus"] == "" ? value["vcpus"] : value["online_vcpus"], letters == "" ? "-" : letters, value["cpu_time"]
			}
			split("", value)
		}' "$1"
}

# list_domains: sets domain_table to the rows of domain_rows; refuses or ends the script when they cannot be read.
list_domains() {
	mkdir -p "$run_dir"
	list_error=$(domain_rows "$run_dir/domains.$$" 2>&1) || {
		rm -f "$run_dir/domains.$$"
		privileged || refuse NotDom0 "this host is not a dom0: $list_error"
		echo "cannot tell which domains there are: $list_error" >&2
		exit 1
	}
	domain_table=$(cat "$run_dir/domains.$$")
	rm -f "$run_dir/domains.$$"
}

# find_domain UUID: sets domain_count, and domain_id, domain_name, domain_state (letters, - for none), domain_reason
# and domain_seconds of the last domain with this UUID. A dying domain is not counted, and may stay forever; its id is
# set as domain_remains. Ends the script if a row that cannot be read may be the domain.
find_domain() {
	list_domains
	domain_count=0 domain_remains='' domain_id='' domain_name='' domain_state='' domain_reason='' domain_seconds=''
	while IFS='	' read -r row_id row_name row_uuid _ _ row_rest; do
		case $row_id$row_uuid in
		'?-' | "?$1")
			echo "cannot tell whether domain $1 is here: $toolstack list shows a row that cannot be parsed: $row_name" >&2
			exit 1
			;;
		esac
		[ "$row_uuid" = "$1" ] || continue
		case ${row_rest%%	*} in *d*) domain_remains=$row_id && continue ;; esac
		domain_count=$((domain_count + 1))
		domain_id=$row_id domain_name=$row_name
		# The reason may be empty, and read would treat two tabs as one.
		domain_state=${row_rest%%	*}
		row_rest=${row_rest#*	}
		domain_reason=${row_rest%%	*}
		domain_seconds=${row_rest#*	}
	done <<-END
		$domain_table
	END
}

# named NAME UUID: a domain with another UUID has the name; row_id is its id.
named() {
	while IFS='	' read -r row_id row_name row_uuid _; do
		if [ "$row_name" = "$1" ] && [ "$row_uuid" != "$2" ]; then return 0; fi
	done <<-END
		$domain_table
	END
	return 1
}

# domain_runs: according to its letters, it is not paused, shut down, crashed or dying.
domain_runs() {
	case $domain_state in *[psdc]*) return 1 ;; *) return 0 ;; esac
}

# domain_text: describes a domain for a message.
domain_text() {
	echo "domain $domain_id is called $domain_name, state $domain_state$domain_reason, $domain_seconds s of CPU time"
}

own_boot() {
	read -r own_boot_id </proc/sys/kernel/random/boot_id
	echo "$own_boot_id"
}

own_name() {
	read -r own_host_name </proc/sys/kernel/hostname
	echo "${own_host_name%%.*}"
}
