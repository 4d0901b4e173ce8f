#!/bin/sh
# Begins the live migration of a running domain to another host, detached from this command and its caller.
# A record is on the disk before anything moves, with the log and the exit code next to it (migration-runs.sh).
# changes: moves the domain to another host; /var/lib/xensan/migrations/OPERATION, with its log and exit code, records this
# undo: migrate the domain back; rm the record
# Arguments: OWNER (- for an undeclared domain) OPERATION UUID ADDRESS SECONDS (after which the connection is cut, before
#   the point of no return only) TIME (of now, by the operator), then any number of bridge=GLOB and bootfile=GLOB that the owner
#   of the target allows, share=MOUNTPOINT where the target has the same OCFS2, hidden=MOUNTPOINT of another file system of the
#   target below one, and device=PATH that is the same AoE target there.
# Prints done<TAB>started or done<TAB>unchanged (this operation was begun before, with whatever result).
# Exit codes: 0 done, 3 refused (DomainTaken DomainMissing DomainMigrating DomainNotRunning DomainNameUnsafe DomainStateDiffers BridgeOutsideBounds BootFileOutsideBounds DiskNotShared
# ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: xen-processes.sh
# include: domain-owner.sh
# include: migration-runs.sh
# include: bounds.sh
# include: domain-bounds.sh

owner=$1 operation=$2 uuid=$3 address=$4 seconds=$5 time=$6
shift 6
base=$migrations_dir/$operation
require_toolstack
take_lock "domain-$uuid" 30
[ ! -e "$base" ] || finish unchanged

find_domain "$uuid"
[ "$domain_count" != 0 ] || refuse DomainMissing "no domain of this host has the UUID $uuid"
[ "$domain_count" = 1 ] || refuse DomainStateDiffers "$domain_count domains of this host have the UUID $uuid"
require_declarer "$owner" "$uuid"
case $domain_name in
*--incoming | *--migratedaway | migrating-*) refuse DomainMigrating "$(domain_text)" ;;
esac
case $domain_name in
'' | -* | *[!A-Za-z0-9_.-]*) refuse DomainNameUnsafe "the domain is called $domain_name; a migration needs a name of letters, digits, _, . and - that does not begin with -" ;;
*[!0-9]*) ;;
*) refuse DomainNameUnsafe "the domain is called $domain_name, which xl takes for a domain id" ;;
esac
! at_work 'migrate|save|suspend|remus|create|restore' "$domain_id" "$domain_name" "$state_dir/domains/$uuid.cfg" "$run_dir/$uuid.cfg" ||
	refuse DomainMigrating "process $work_pid ($work_verb) is moving or building the domain"
domain_runs || refuse DomainNotRunning "$(domain_text)"

# on_target DISK ARGUMENT…: the target has the same content under this path. Sets shared_places and shared_devices.
on_target() {
	target_disk=$1 target_top='' target_kind='' shared_places='' shared_devices=''
	shift
	for target_one; do
		target_value=${target_one#*=}
		case $target_one in
		device=*)
			shared_devices="$shared_devices $target_value"
			if [ "$target_value" = "$target_disk" ] && [ ! -L "$target_disk" ]; then target_kind=device; fi
			continue
			;;
		share=*) shared_places="$shared_places $target_value" ;;
		hidden=*) ;;
		*) continue ;;
		esac
		case $target_disk in "$target_value"/?*) ;; *) continue ;; esac
		[ "${#target_value}" -gt "${#target_top}" ] || continue
		target_top=$target_value target_kind=${target_one%%=*}
	done
	case $target_kind in
	device) return 0 ;;
	# No symbolic link leads out of it, and no other mount hides it.
	share)
		[ "$(resolve "$target_disk" 2>/dev/null)" = "$target_disk" ] &&
			[ "$(stat -c %d -- "$target_disk" 2>/dev/null)" = "$(stat -c %d -- "$target_top" 2>/dev/null)" ]
		;;
	*) return 1 ;;
	esac
}

# require_all_disks: refuses if the domain has more disks than the toolstack has shown.
require_all_disks() {
	have xenstore-list || return 0
	found_disks=$(limited 10 xenstore-list "/local/domain/$domain_id/device/vbd" 2>/dev/null </dev/null 9>&- | grep -c . || :)
	[ "$found_disks" -le "$disks" ] ||
		refuse DomainStateDiffers "$toolstack list --long shows $disks disks of $domain_name, and xenstore $found_disks: it is unknown whether the target has them"
}

# Checks what the domain runs with, not what was declared: a reboot on the target would use these, and a disk may have
# been attached since the start.
running_rows "$domain_id" >"$run_dir/$uuid.runs"
said='' disks=0
while read -r kind value; do
	case $kind in
	said) said=yes ;;
	bridge) within bridge "$value" "$@" || refuse BridgeOutsideBounds "$domain_name is connected to $value, which is not in allowed.bridges of the target; add $value to it to allow this" ;;
	file) within bootfile "$value" "$@" || refuse BootFileOutsideBounds "$domain_name boots from $value, which is not in allowed.bootFiles of the target" ;;
	disk | odd-disk)
		disks=$((disks + 1))
		[ -n "$value" ] || continue
		{ on_target "$value" "$@" && [ "$kind" = disk ]; } || refuse DiskNotShared \
			"$domain_name has the disk $value, and nothing proves that it is the same on the target; accepted are raw images on an OCFS2 that both hosts have mounted at the same directory (now${shared_places:- none}), and AoE devices that both hosts find at the same server with the same size (now${shared_devices:- none})"
		;;
	esac
done <"$run_dir/$uuid.runs"
rm -f "$run_dir/$uuid.runs"
[ -n "$said" ] || refuse DomainStateDiffers "$toolstack list --long prints nothing: $(domain_text)"

require_all_disks

prune_runs

# From here on it runs by itself, from its own file: systemd-run would expand $ and % in arguments.
replace_file "$base.sh" 600 <<'WRAPPER'
# Written by xensan: one migration, with its log and its exit code beside it.
# Arguments: BASE TOOLSTACK DOMID ADDRESS SECONDS
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
base=$1
exec >>"$base.log" 2>&1 </dev/null
# Held while this runs: await-migration waits for it. The children of this process close it.
exec 8<"$0"
! command -v flock >/dev/null 2>&1 || flock -n 8 || :
# include: cut-sender.sh
birth_of() {
	read -r birth_stat 2>/dev/null <"/proc/$1/stat" || return 0
	set -- ${birth_stat##*) }
	echo "${20}"
}
durably() {
	dd of="$1.new" conv=fsync 2>/dev/null && mv -f "$1.new" "$1"
}
if [ "$2" = xl ]; then
	xl migrate -s "ssh -F ${base%/migrations/*}/ssh/config" "$3" "$4" 8<&- &
else
	xm migrate --live "$3" "$4" 8<&- &
fi
sender=$!
echo "$$ $(birth_of "$$") $sender $(birth_of "$sender")" | durably "$base.pid"
# The time limit runs in a process of its own, which ends when the migration ends.
(
	sleep "$5" &
	nap=$!
	trap 'kill "$nap" 2>/dev/null; exit 0' TERM
	wait "$nap" && {
		echo "xensan: not finished after $5 s: the connection is cut"
		cut_sender "$sender" "$base.log" || echo "xensan: too late, the target has permission to start"
	}
) 8<&- &
timer=$!
code=0
wait "$sender" || code=$?
kill "$timer" 2>/dev/null
echo "$code" | durably "$base.exit"
exit 0
WRAPPER
: >>"$base.log"
# Recorded before anything moves, so that a record without an exit code and a process has a clear meaning.
printf '%s %s %s %s %s %s\n' "$uuid" "$(own_boot)" "$(now)" "$domain_id" "$address" "$time" | replace_file "$base" 600

if [ -d /run/systemd/system ] && have systemd-run; then
	error=$(systemd-run --quiet --unit="xensan-migrate-$operation" --description="Migration of domain $domain_name to $address" \
		/bin/sh "$base.sh" "$base" "$toolstack" "$domain_id" "$address" "$seconds" 2>&1 </dev/null 9>&-) || {
		echo "systemd-run: $error" >&2
		rm -f "$base" "$base.sh" "$base.log"
		exit 1
	}
elif have setsid; then
	setsid /bin/sh "$base.sh" "$base" "$toolstack" "$domain_id" "$address" "$seconds" >/dev/null 2>&1 </dev/null 9>&- &
else
	(trap '' HUP && exec /bin/sh "$base.sh" "$base" "$toolstack" "$domain_id" "$address" "$seconds") >/dev/null 2>&1 </dev/null 9>&- &
fi
tries=0
until [ -s "$base.pid" ] || [ -s "$base.exit" ]; do
	tries=$((tries + 1))
	if [ "$tries" -ge 100 ]; then
		echo "the migration was started, but its process does not appear" >&2
		exit 1
	fi
	pause
done
finish started
