# include: images.sh
# include: lock.sh
# include: domain-lock.sh
# include: relocation.sh
# include: migration-runs.sh
# What xensan keeps on this host and on the share about domains: the migration key and its peers, migrations, images, lock
# files and configurations.

probe_relocation() {
	have ssh-keygen || return "$absent"
	word "$relocation_key.pub"
	[ -z "$value" ] || [ ! -s "$relocation_key" ] || row relocation key "$value"
	peers_block "$(authorized_keys)" | awk '
		/^restrict,from="[0-9.]+",command="[^"]*" [a-z0-9-]+ [A-Za-z0-9+\/=]+ xensan:/ {
			address = $1; sub(/^restrict,from="/, "", address); sub(/".*/, "", address)
			name = $4; sub(/^xensan:/, "", name)
			print "relocation\tpeer\t" name "\t" address "\t" $2 " " $3
			next
		}
		# Somebody wrote into it: not one of the peers that were asked for, and so it is written anew.
		{ print "relocation\tpeer\tunknown\t0.0.0.0\t-" }'
	if [ -f "$relocation_dir/known_hosts" ]; then
		awk 'NF >= 3 { print "relocation\tknown\t" $1 "\t" $2 " " $3 }' "$relocation_dir/known_hosts"
	fi
	for file in /etc/ssh/ssh_host_*_key.pub; do
		[ -f "$file" ] || continue
		case $file in */ssh_host_dsa_key.pub) continue ;; esac
		awk 'NF >= 2 { print "relocation\thost-key\t" $1 " " $2; exit }' "$file"
	done
}

probe_migrations() {
	boot=$(own_boot) uptime=$(now)
	for base in "$migrations_dir"/*; do
		case $base in *.log | *.pid | *.exit | *.sh | *.new | *.xensan-new) continue ;; esac
		[ -f "$base" ] || continue
		uuid='' begun='' since=''
		{ read -r uuid begun since _ <"$base"; } 2>/dev/null || :
		[ -n "$since" ] || continue
		code=- state=Lost
		word "$base.exit"
		if [ -n "$value" ]; then
			code=$value state=Ended
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
		awk -v operation="${base##*/}" -v uuid="$uuid" -v boot="$begun" -v state="$state" -v code="$code" -v since="$since" -v now="$uptime" '
			/^migration target: Ready to receive domain/ { reach(1) }
			/^migration (target: Transfer complete|sender: Target has acknowledged transfer)/ { reach(2) }
			/^migration sender: Giving target permission to start/ { reach(3) }
			/^Migration successful/ { reach(4) }
			/^[ \t]*$/ || /Destruction of domain failed|Unable to destroy guest|Non-existant domain|not suspended: \(shutdown 0|xc_domain_resume failed|migration transport process|truncated reading ipc msg/ { next }
			{ last = $0 }
			/rror|ailed|enied|refused|xensan: / { if (count < 4) trouble = trouble (count++ ? "; " : "") $0 }
			function reach(at) { if (at > phase) phase = at }
			END {
				split("Sending Transferred Permission Succeeded", name, " ")
				said = phase ? name[phase] : "Connecting"
				if (phase < 3 && state == "Ended") said = code == 0 ? "Succeeded" : "Failed"
				text = said == "Failed" || (phase == 3 && state != "Running") ? trouble : last
				if (text == "") text = last
				text = substr(text, 1, 600)
				gsub(/\\/, "\\134", text); gsub(/\t/, "\\011", text); gsub(/\r/, "", text)
				printf "migrations\trun\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", operation, uuid, boot, state, code, said, since, now, text == "" ? "-" : text
			}' "$base.log" 2>/dev/null || :
	done
}

probe_images() {
	host=$(own_name)
	while IFS= read -r path; do
		# Where its mark would be: in .xensan of the mount point above it.
		mark='' owner=- top=$path
		while [ -n "$top" ]; do
			top=${top%/*}
			[ -d "$top/.xensan/images" ] || continue
			mark=$top/.xensan/images/$(printf '%s' "${path#"$top"/}" | cksum | tr -d ' ')
			break
		done
		kind=Missing size=0 allocated=0
		if [ -L "$path" ]; then
			kind=Other
		elif facts=$(stat -c '%f %s %b' -- "$path" 2>/dev/null); then
			size=${facts#* } allocated=$((${facts##* } * 512))
			size=${size%% *}
			case $facts in 8???' '*) kind=File ;; *) kind=Other size=0 allocated=0 ;; esac
		fi
		if [ "$kind" = File ] && [ -f "$mark" ]; then
			{
				IFS= read -r marked_path
				IFS= read -r marked_inode
				IFS= read -r marked_owner
			} 2>/dev/null <"$mark" || :
			if [ "$marked_path" = "${path#"$top"/}" ] && [ "$marked_inode" = "$(inode_and_birth "$path")" ]; then owner=$marked_owner; fi
		fi
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
		row images image "$path" "$kind" "$size" "$allocated" "$owner" "$state" "$copied"
	done <"$work/images"
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
	sha256sum -- "$@" | while read -r digest file; do
		uuid=${file##*/}
		word "$file.owner"
		row domain-configurations config "${uuid%.cfg}" "${value:--}" "$digest"
	done
}
