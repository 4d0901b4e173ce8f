# include: inittab.sh
# include: stop.sh
# include: export-record-ensure.sh
# Keeps a vblade running, now and after a reboot: with Debian's vblade@ instances under systemd, and with respawn lines
# of inittab under sysvinit. Uses the caller's variables: init, owner, shelf, slot, net, options, name, backing_…

require_keepalive() {
	case $init in
	systemd)
		[ -f /lib/systemd/system/vblade@.service ] || [ -f /usr/lib/systemd/system/vblade@.service ] ||
			[ -f /etc/systemd/system/vblade@.service ] || refuse UnitMissing "systemd has no vblade@.service: install Debian's vblade, 24-2 or later"
		;;
	sysvinit) ;;
	*) refuse InitNotSupported "neither systemd nor sysvinit runs on this host: nothing would start the export after a reboot" ;;
	esac
}

# canonical_options WORDS: prints them in the order of list_exports; - for none.
canonical_options() {
	printf '%s\n' "$1" | awk '{
		for (i = 1; i <= NF; i++) {
			letter = substr($i, 2, 1)
			given[letter] = letter ~ /[bolm]/ ? $i " " (letter == "m" ? tolower($(++i)) : $(++i)) : $i
		}
		for (i = 1; i <= 7; i++) {
			letter = substr("bdlmors", i, 1)
			if (letter in given) out = out (out == "" ? "" : " ") given[letter]
		}
		print out == "" ? "-" : out
	}'
}

conf_owner() {
	sed -n 's/^# xensan: //p' "/etc/vblade.conf.d/$1.conf" 2>/dev/null | head -n 1
}

# keepalive_name: prints a name for a new export. It has no hyphen, which would have to be escaped in the name of a
# unit.
keepalive_name() {
	case $init in
	# An id with a record may be that of an export whose line was lost.
	sysvinit) inittab_free_id "$(cd "$exports_dir" 2>/dev/null && echo *)" ;;
	systemd)
		for candidate in "e$shelf.$slot" "e$shelf.$slot.$(printf '%s' "$net" | tr - _)"; do
			if [ ! -e "/etc/vblade.conf.d/$candidate.conf" ] || [ "$(conf_owner "$candidate")" = "$owner" ]; then
				echo "$candidate"
				return 0
			fi
		done
		echo "$candidate"
		;;
	esac
}

# keepalive_write SAME: writes the configuration; when SAME is yes, only adds the owner's mark.
keepalive_write() {
	case $init in
	systemd)
		conf=/etc/vblade.conf.d/$name.conf
		if [ "$1" = yes ]; then
			{
				echo "# xensan: $owner"
				grep -v '^# xensan: ' "$conf" || :
			} >"$run_dir/conf"
		else
			[ ! -e "$conf" ] || [ -n "$(conf_owner "$name")" ] || [ -n "$kind" ] ||
				refuse AddressTaken "$conf exists, is incomplete and was not written by xensan"
			plain=$options
			[ "$plain" != - ] || plain=
			# systemd reads this as keys and values, Debian's generator as shell. The administrator's ionice stays.
			{
				echo "# xensan: $owner"
				echo "shelf=$shelf"
				echo "slot=$slot"
				echo "netif=$net"
				echo "filename=$backing_configured"
				echo "options='$plain'"
				grep -s '^ionice=' "$conf" || :
			} >"$run_dir/conf"
		fi
		replace_file "$conf" 644 <"$run_dir/conf"
		;;
	sysvinit)
		if [ "$1" = yes ]; then
			awk -F: -v id="$name" -v mark="# xensan: $owner" '
				/^# xensan: / { held = $0; next }
				$1 == id && !/^#/ { print mark; held = "" }
				held != "" { print held; held = "" }
				{ print }' /etc/inittab | inittab_replace
		else
			plain="$options "
			[ "$options" != - ] || plain=
			process="/bin/sh $guard_file $name vblade $plain$shelf $slot $net $backing_configured"
			[ ${#process} -le 127 ] || refuse InvalidArgument "init accepts commands of at most 127 characters: $process"
			{
				inittab_without "$name"
				echo "# xensan: $owner"
				echo "$name:2345:respawn:$process"
			} | inittab_replace
		fi
		;;
	esac
}

# The instances depend on vblade.service, which may be disabled. No daemon-reload: an instance starts without it, and
# Debian's generator takes seconds with a thousand volumes.
keepalive_at_boot() {
	[ "$init" = systemd ] || return 0
	[ -L /etc/systemd/system/multi-user.target.wants/vblade.service ] || systemctl enable vblade.service >&2 9>&-
}

# keepalive_pid: prints the pid of the vblade that is kept running under this name; nothing if there is none.
keepalive_pid() {
	case $init in
	systemd)
		kept_pid=$(systemctl show -p MainPID --value "$(unit_of "$name")")
		[ "$kept_pid" = 0 ] || echo "$kept_pid"
		;;
	sysvinit)
		# Init restarts only its own children.
		[ -n "$running" ] && read -r kept_stat 2>/dev/null <"/proc/$running/stat" || return 0
		# shellcheck disable=SC2086
		set -- ${kept_stat##*) }
		[ "$2" != 1 ] || echo "$running"
		;;
	esac
}

# The exit code is ignored: it is 0 even if vblade ends a moment later. Uses restart: between two attempts of an
# instance, start would wait for the rest of the ten seconds.
keepalive_start() {
	case $init in
	systemd) keepalive_restart ;;
	sysvinit) telinit q ;;
	esac
}

keepalive_restart() {
	case $init in
	systemd)
		systemctl reset-failed "$(unit_of "$name")" 2>/dev/null || :
		systemctl restart "$(unit_of "$name")" >&2 9>&- || :
		;;
	sysvinit)
		telinit q
		[ -z "$kept" ] || end_vblade "$kept"
		;;
	esac
}

# keepalive_stop PID: ends what was just started. init would restart it while its line exists.
keepalive_stop() {
	case $init in
	systemd) systemctl stop "$(unit_of "$name")" >&2 9>&- ;;
	sysvinit)
		inittab_without "$name" | inittab_replace
		end_vblade "$1"
		;;
	esac
}

# keepalive_verify: refuses unless one vblade runs with these parameters, has opened the checked backing and stays up.
keepalive_verify() {
	verify_tries=0
	while :; do
		read_exports
		running=
		while IFS='	' read -r row_kind row_name _ row_shelf row_slot row_net _ row_options _; do
			[ "$row_kind $row_shelf.$row_slot.$row_net $row_options" != "process $shelf.$slot.$net $options" ] || running=$row_name
		done <"$run_dir/exports.list"
		if [ -n "$running" ] && has_open "$running"; then
			# A vblade without its network ends right after its start.
			[ "$word" = unchanged ] || [ "$word" = adopted ] || sleep 0.3 2>/dev/null || sleep 1
			if [ -d "/proc/$running" ] && has_open "$running"; then break; fi
		fi
		if [ -z "$running" ] && ! same_backing "$backing_durable" "$(backing_identity_of "$backing_configured")"; then
			# The guard refused to let vblade open it.
			case $word in started | restarted) keepalive_stop "" ;; esac
			refuse BackingChanged "$asked was replaced during the check: it is $(backing_identity_of "$backing_configured") now"
		fi
		verify_tries=$((verify_tries + 1))
		# It has ended since the start, and systemd will start it again.
		if [ "$init" = systemd ] && [ "$(systemctl show -p SubState --value "$(unit_of "$name")")" = auto-restart ]; then verify_tries=30; fi
		[ "$verify_tries" -lt 30 ] || refuse ExportFailed "$address does not stay up: $(last_words)"
		pause
	done
}

# has_open PID: the vblade has opened its network and the checked backing. Refuses if it has opened another backing.
has_open() {
	open_network=no open_backing=no open_other=
	for open_fd in "/proc/$1/fd"/*; do
		case $(readlink "$open_fd" || :) in
		socket:*) case $open_fd in */[012]) ;; *) open_network=yes ;; esac ;;
		/dev/null | pipe:* | '' | anon_inode:* | /dev/console | /dev/bpf*) ;;
		/*)
			open_facts=$(stat -L -c '%f %t %T %d %i' -- "$open_fd" 2>/dev/null) || continue
			if [ "$(identity_of "$open_facts")" = "$backing_identity" ]; then open_backing=yes; else open_other=$(readlink "$open_fd"); fi
			;;
		esac
	done
	if [ "$open_network$open_backing" = yesno ] && [ -n "$open_other" ]; then
		# A vblade that ran before keeps running: a client may be using what it serves.
		case $word in started | restarted) keepalive_stop "$1" ;; esac
		refuse BackingChanged "$asked was replaced during the check: vblade had opened $open_other"
	fi
	[ "$open_network$open_backing" = yesyes ]
}

identity_of() {
	# shellcheck disable=SC2086
	set -- $1
	case $1 in
	6???) echo "block:$((0x$2)):$((0x$3))" ;;
	*) echo "file:$4:$5" ;;
	esac
}

# last_words: prints the last messages of vblade before it ended.
last_words() {
	case $init in
	systemd)
		words=$(journalctl -q --no-pager -o cat -u "$(unit_of "$name")" -t vblade -n 5 2>/dev/null | grep -v '^pid ' | tail -n 2 | tr '\n' ' ' || :)
		echo "${words:-no message; $(systemctl show -p ActiveState -p SubState -p Result "$(unit_of "$name")" | tr '\n' ' ')}"
		;;
	sysvinit) echo "init starts it again and again; its message is on the console" ;;
	esac
}
