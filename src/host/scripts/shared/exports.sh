# include: vblades.sh

# list_exports: prints every vblade of this host, configured or running, one a line, separated by tabs, - for none:
#   conf|inittab|process  INSTANCE|ID|PID  OWNER  SHELF  SLOT  NETIF  FILENAME  OPTIONS  IDENTITY
# OPTIONS are in a fixed order, so that equal options have equal texts; IDENTITY is as in backing_identity.
list_exports() {
	mkdir -p "$run_dir"
	if [ -d /run/systemd/system ]; then
		configured_instances >"$run_dir/exports.configured" || return 1
	else
		configured_inittab >"$run_dir/exports.configured" || return 1
	fi
	running_vblades >"$run_dir/exports.running" || return 1
	cat "$run_dir/exports.configured" "$run_dir/exports.running" | awk -F '\t' "$escape_fields"'
		# The case of a MAC address does not matter.
		function flag(letter, argument) {
			if (letter == "m") argument = tolower(argument)
			given[letter] = argument == "" ? "-" letter : "-" letter " " argument
		}
		# Options may be anywhere (getopt permutes) and may be joined: -rs, -b16.
		function parse(words, from, count,   i, w, letter) {
			places = 0
			split("", place); split("", given)
			for (i = from; i <= count; i++) {
				w = words[i]
				if (w == "") continue
				if (w !~ /^-./) { place[++places] = w; continue }
				w = substr(w, 2)
				while (w != "") {
					letter = substr(w, 1, 1)
					w = substr(w, 2)
					if (letter ~ /[bolm]/) { flag(letter, w == "" ? words[++i] : w); w = "" } else flag(letter, "")
				}
			}
			options = ""
			for (i = 1; i <= 7; i++) {
				letter = substr("bdlmors", i, 1)
				if (letter in given) options = options (options == "" ? "" : " ") given[letter]
			}
		}
		function show(kind, name, owner) {
			if (place[1] ~ /^[0-9]+$/) place[1] += 0
			if (place[2] ~ /^[0-9]+$/) place[2] += 0
			print kind "\t" name "\t" (owner == "" ? "-" : owner) "\t" place[1] "\t" place[2] "\t" place[3] "\t" place[4] "\t" (options == "" ? "-" : options)
		}
		$1 == "conf" {
			count = split($7, words, " ")
			parse(words, 1, count)
			for (i = 3; i <= 6; i++) place[i - 2] = $i
			show("conf", $2, $8)
		}
		$1 == "inittab" { for (i = 4; i <= NF; i++) words[i] = $i; parse(words, 4, NF); if (places >= 4) show("inittab", $2, $3) }
		$1 == "process" { for (i = 3; i <= NF; i++) words[i] = $i; parse(words, 3, NF); if (places >= 4) show("process", $2, "") }
	' >"$run_dir/exports.rows" || return 1
	cut -f 7 "$run_dir/exports.rows" | sort -u | tr '\n' '\0' |
		xargs -0 -r stat -L -c '%f %t %T %d %i %n' -- >"$run_dir/exports.stat" 2>/dev/null || :
	awk -v stat="$run_dir/exports.stat" "$escape_fields"'
		BEGIN {
			FS = "\t"
			while ((getline line < stat) > 0) {
				split(line, field, " ")
				sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", line)
				identity[line] = field[1] ~ /^6...$/ ? "block:" hex(field[2]) ":" hex(field[3]) : "file:" field[4] ":" field[5]
			}
		}
		{ print $0 "\t" ($7 in identity ? identity[$7] : "-") }' "$run_dir/exports.rows"
}

# started_elsewhere SHELF SLOT: prints the first file with a command that starts a vblade at this address at boot:
# rc.local, an init script, a unit, runit, cron. Skips the init script and the unit of Debian's vblade, whose exports
# list_exports prints.
started_elsewhere() {
	for starter_file in /etc/rc.local /etc/rc.d/rc.local /etc/init.d/* /etc/systemd/system/*.service /etc/sv/*/run /etc/service/*/run \
		/etc/network/interfaces /etc/network/if-up.d/* /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/*; do
		case $starter_file in */vblade | */vblade@.service) continue ;; esac
		[ -f "$starter_file" ] || continue
		if grep -qsE "^[^#]*vbladed?([[:space:]]+-[^[:space:]]+([[:space:]]+[^[:space:]]+)?)*[[:space:]]+0*$1[[:space:]]+0*$2[[:space:]]" "$starter_file"; then
			echo "$starter_file"
			return 0
		fi
	done
}

# read_exports: writes list_exports to $run_dir/exports.list; ends the script if that fails, because a missing list is
# not an empty one.
read_exports() {
	list_exports >"$run_dir/exports.list" || {
		echo "cannot tell what is exported" >&2
		exit 1
	}
}

# exported_as IDENTITY…: sets exported_user to the first export that serves one of them; fails if there is none. Do not
# call it in $( ): an error would look like no export.
exported_as() {
	read_exports
	exported_wanted=" $* "
	while IFS='	' read -r row_kind row_name _ row_shelf row_slot row_netif row_filename _ row_identity; do
		case $exported_wanted in
		*" $row_identity "*)
			exported_user="e$row_shelf.$row_slot on $row_netif ($row_filename, $row_kind $row_name)"
			return 0
			;;
		esac
	done <"$run_dir/exports.list"
	return 1
}
