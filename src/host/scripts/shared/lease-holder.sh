# Written by xensan: holds the lease of a domain on its images as long as the domain is on this host.
# Arguments: BASE UUID alone|beside TOOLSTACK
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
base=$1 uuid=$2 how=$3 toolstack=$4
up() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}"
}
say() {
	echo "$1" >"$base.said.new"
	mv -f "$base.said.new" "$base.said"
}
refused() {
	say "refused $image"
	exit 1
}
# here: the domain is on this host, or this is unknown. Its entry in xenstore is cheap to check, and may outlive it.
here() {
	xenstore-exists "/vm/$uuid" 2>/dev/null && return 0
	if [ "$toolstack" = xl ]; then set -- list -v; else set -- list --long; fi
	rows=$("$toolstack" "$@" 2>/dev/null) || return 0
	# A list without Domain-0 is not valid.
	case $rows in
	*"$uuid"*) return 0 ;;
	*Domain-0*) restarts ;;
	*) return 0 ;;
	esac
}
# watch: a guest that reboots is gone for some seconds. The commands of a check must not inherit the descriptors of
# images.
# restarts: an xl still waits for a domain that is not in the list, so it is about to start that one again: the guest
# rebooted, and the lock of all builds is taken.
restarts() {
	for process in /proc/[0-9]*/comm; do
		{ IFS= read -r name <"$process"; } 2>/dev/null && [ "$name" = xl ] || continue
		log=$(readlink "${process%/comm}/fd/1" 2>/dev/null) || continue
		case $log in /var/log/xen/xl-*) ;; *) continue ;; esac
		log=${log#/var/log/xen/xl-}
		log=${log%.log*}
		case "
$rows" in *"
${log%--incoming} "*) ;; *) return 0 ;; esac
	done
	return 1
}
watch() {
	seen=$(up)
	while sleep 5 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-; do
		if here 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-; then
			seen=$(up)
			continue
		fi
		read -r until <"$base.until" || until=0
		if [ $(($(up) - seen)) -ge 30 ] && [ "$(up)" -ge "$until" ]; then exit 0; fi
	done
}
# hold SKIP: holds the images after the first SKIP. Descriptors end at 9, so another process holds the images after
# six.
hold() {
	line=0 fd=3
	while read -r access image; do
		line=$((line + 1))
		[ "$line" -gt "$1" ] || continue
		if [ "$fd" = 9 ]; then
			(hold $((line - 1)))
			exit
		fi
		[ -r "$image" ] || refused
		eval "exec $fd<\"\$image\""
		if [ "$how.$access" = alone.write ]; then flock -x -n "$fd" || refused; fi
		flock -s -n "$fd" || refused
		fd=$((fd + 1))
	done <"$base.images"
	say held
	watch
}
read -r stat <"/proc/$$/stat"
set -- ${stat##*) }
echo "$$ ${20}" >"$base.pid.new"
mv -f "$base.pid.new" "$base.pid"
hold 0
