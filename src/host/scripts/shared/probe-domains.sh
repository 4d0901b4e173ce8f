# include: images.sh
# include: domain-lock.sh
# include: relocation.sh
# include: migration-runs.sh
# What xensan keeps on this host and on the share about domains: the migration key and its peers, migrations, images, lock
# files and configurations.

probe_relocation() {
	have ssh-keygen || return "$absent"
	word "$relocation_key.pub"
	[ -z "$value" ] || [ ! -s "$relocation_key" ] || row relocation key "$value"
	find_authorized_keys
	peers_block "$authorized_keys" >"$work/peers"
	set -- "$work/peers"
	[ ! -f "$relocation_dir/known_hosts" ] || set -- "$@" "$relocation_dir/known_hosts"
	for file in /etc/ssh/ssh_host_*_key.pub; do
		case $file in */ssh_host_dsa_key.pub) continue ;; esac
		[ ! -f "$file" ] || set -- "$@" "$file"
	done
	awk '
		FILENAME ~ /\/known_hosts$/ { if (NF >= 3) print "relocation\tknown\t" $1 "\t" $2 " " $3; next }
		FILENAME ~ /\.pub$/ { if (NF >= 2 && !(FILENAME in told)) { told[FILENAME] = 1; print "relocation\thost-key\t" $1 " " $2 }; next }
		/^restrict,from="[0-9.]+",command="[^"]*" [a-z0-9-]+ [A-Za-z0-9+\/=]+ xensan:/ {
			address = $1; sub(/^restrict,from="/, "", address); sub(/".*/, "", address)
			name = $4; sub(/^xensan:/, "", name)
			print "relocation\tpeer\t" name "\t" address "\t" $2 " " $3
			next
		}
		# Somebody wrote into it: not one of the peers that were asked for, and so it is written anew.
		{ print "relocation\tpeer\tunknown\t0.0.0.0\t-" }' "$@"
}

probe_migrations() {
	read -r boot </proc/sys/kernel/random/boot_id
	read -r uptime _ </proc/uptime
	uptime=${uptime%.*}
	for base in "$migrations_dir"/*; do
		case $base in *.log | *.pid | *.exit | *.sh | *.new | *.xensan-new) continue ;; esac
		[ -f "$base" ] || continue
		uuid='' begun='' since='' domid='' time=''
		{ read -r uuid begun since domid _ time <"$base"; } 2>/dev/null || :
		[ -n "$since" ] || continue
		code=- state=Lost
		word "$base.exit"
		if [ -n "$value" ]; then
			code=$value state=Ended
		elif [ "$domid" = - ]; then
			state=Recorded
		elif [ "$begun" = "$boot" ] && run_alive "$base"; then
			state=Running
		elif [ "$begun" = "$boot" ] && [ ! -e "$base.pid" ] && [ $((uptime - since)) -lt 20 ]; then
			# About to begin.
			state=Running
		elif [ "$begun" = "$boot" ]; then
			# It may have ended while it was looked at.
			word "$base.exit"
			[ -z "$value" ] || code=$value state=Ended
		fi
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$base" "$uuid" "$begun" "$state" "$code" "$since" "$uptime" "${time:--}"
	done >"$work/runs"
	[ -s "$work/runs" ] || return 0
	awk -F '\t' '
		{
			operation = $1; sub(/.*\//, "", operation)
			state = $4
			phase = count = 0
			trouble = last = ""
			log_file = $1 ".log"
			while ((getline line < log_file) > 0) read_line(line)
			close(log_file)
			said = phase ? name[phase] : "Connecting"
			if (phase < 3 && state == "Ended") said = $5 == "0" ? "Succeeded" : "Failed"
			text = said == "Failed" || (phase == 3 && state != "Running") ? trouble : last
			if (text == "") text = last
			text = substr(text, 1, 600)
			gsub(/\\/, "\\134", text); gsub(/\t/, "\\011", text); gsub(/\r/, "", text)
			printf "migrations\trun\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", operation, $2, $3, state, $5, said, $6, $7, $8, text == "" ? "-" : text
		}
		BEGIN { split("Sending Transferred Permission Succeeded", name, " ") }
		function read_line(line) {
			if (line ~ /^migration target: Ready to receive domain/) reach(1)
			if (line ~ /^migration (target: Transfer complete|sender: Target has acknowledged transfer)/) reach(2)
			if (line ~ /^migration sender: Giving target permission to start/) reach(3)
			if (line ~ /^Migration successful/) reach(4)
			if (line ~ /^[ \t]*$/ || line ~ /Destruction of domain failed|Unable to destroy guest|Non-existant domain|not suspended: \(shutdown 0|xc_domain_resume failed|migration transport process|truncated reading ipc msg/) return
			last = line
			if (line ~ /rror|ailed|enied|refused|xensan: / && count < 4) trouble = trouble (count++ ? "; " : "") line
		}
		function reach(at) { if (at > phase) phase = at }' "$work/runs"
}

probe_images() {
	IFS= read -r host </proc/sys/kernel/hostname
	host=${host%%.*}
	tops=
	set --
	while IFS= read -r path; do
		set -- "$@" "$path"
		# Its mark would be in .xensan of the mount point above it.
		top=$path
		while [ -n "$top" ]; do
			top=${top%/*}
			[ -d "$top/.xensan/images" ] || continue
			case $tops in
			*"
$top
"*) ;;
			*) tops="$tops
$top
" ;;
			esac
			break
		done
		state=- copied=-
		for copy in "$path".xensan-copy.*; do
			[ -f "$copy" ] || continue
			copied=$(stat -c %s -- "$copy" 2>/dev/null) || {
				copied=-
				continue
			}
			state=Copying
			# Of another host's copies nothing is known but that they are there.
			if [ "${copy##*.xensan-copy.}" = "$host" ]; then
				copy_alive "$run_dir/copy.$(printf '%s' "$path" | cksum | tr -d ' ')" || state=Interrupted
				break
			fi
		done
		printf '%s\t%s\t%s\t%s\n' "$top" "$path" "$state" "$copied"
	done <"$work/images" >"$work/images.copies"
	while IFS= read -r top; do
		for mark in "${top:-/dev/null}"/.xensan/images/*; do [ ! -f "$mark" ] || printf '%s\t%s\n' "$top" "$mark"; done
	done >"$work/images.marks" <<-END
		$tops
	END
	# %W is 0 or - where nobody knows when a file was born.
	stat -c '%f %s %b %i %W %n' -- "$@" >"$work/images.stat" 2>"$work/images.missing" || :
	while IFS= read -r line; do
		case $line in *'No such file'* | *'Not a directory'*) ;; *)
			printf '%s\n' "$line" >&2
			return 1
			;;
		esac
	done <"$work/images.missing"
	file_users "$work/images.users"
	stat -c '%d:%i %n' -- "$@" >"$work/images.inodes" 2>/dev/null || :
	awk -F '\t' -v inodes="$work/images.inodes" '
		BEGIN {
			while ((getline line < inodes) > 0) {
				at = index(line, " ")
				file[substr(line, 1, at - 1)] = substr(line, at + 1)
			}
		}
		($1 in file) && count[$1]++ < 8 { print "images\tuser\t" file[$1] "\t" $2 "\t" $3 "\t" $4 }' "$work/images.users"
	awk -F '\t' -v marks="$work/images.marks" -v facts="$work/images.stat" '
		BEGIN {
			while ((getline line < marks) > 0) {
				at = index(line, "\t")
				mark = substr(line, at + 1)
				relative = inode = owner = uuid = origin = ""
				if ((getline relative < mark) > 0 && (getline inode < mark) > 0 && (getline owner < mark) > 0) {
					marked = substr(line, 1, at - 1) "/" relative
					if ((getline uuid < mark) <= 0 || uuid == "") uuid = "-"
					if ((getline origin < mark) <= 0 || origin == "") origin = "Made"
					marks_of[marked] = inode "\t" owner "\t" uuid "\t" origin
				}
				close(mark)
			}
			while ((getline line < facts) > 0) {
				split(line, field, " ")
				file = line
				sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", file)
				mode[file] = field[1]
				size[file] = field[2]
				blocks[file] = field[3]
				inode_of[file] = field[4] " " (field[5] ~ /^[0-9]+$/ ? field[5] : 0)
			}
		}
		{
			path = $2
			kind = !(path in mode) ? "Missing" : mode[path] ~ /^8...$/ ? "File" : "Other"
			bytes = allocated = 0
			is = "-"
			if (kind == "File") {
				bytes = size[path]
				allocated = blocks[path] * 512
				is = inode_of[path]
			}
			printf "images\timage\t%s\t%s\t%.0f\t%.0f\t%s\t%s\t%s\t%s\n", path, kind, bytes, allocated, is, $3, $4, \
				(path in marks_of) ? marks_of[path] : "-\t-\t-\t-"
		}' "$work/images.copies"
}

probe_domain_locks() {
	while IFS= read -r directory; do
		for file in "$directory"/*.lock; do
			[ -f "$file" ] || continue
			uuid=${file##*/}
			uuid=${uuid%.lock}
			case $uuid in ????????-????-????-????-????????????) ;; *) continue ;; esac
			read_domain_lock "$file" || continue
			row domain-locks lock "$uuid" "$file" "${lock_host:--}" "${lock_boot:--}"
		done
	done <"$work/lock-directories"
}

probe_domain_configurations() {
	set -- "$state_dir"/domains/*.cfg
	[ -f "$1" ] || return 0
	sha256sum -- "$@" >"$work/digests" || return 1
	while read -r digest file; do
		uuid=${file##*/}
		word "$file.owner"
		row domain-configurations config "${uuid%.cfg}" "${value:--}" "$digest"
	done <"$work/digests"
}
