# The lease of a domain on its images: flock(2) on the image files, which OCFS2 takes for the whole cluster and
# releases when the node that holds it has been evicted. The host that starts the domain first locks each image that it
# writes exclusively, without waiting. It then changes to a shared lock, which every host that runs the domain has; no
# other host can then get an exclusive lock. The change is not atomic and need not be: the domain does not run yet, and
# a host that fails at either step does not start it.
# A process per domain holds the lease while the domain is on this host: $leases_dir/UUID.sh, with UUID.images (`write
# PATH` or `read PATH`, one per line), UUID.until (uptime in seconds before which it does not end), UUID.pid (`PID BIRTH`)
# and UUID.said.
leases_dir=$run_dir/leases

# lease_alive UUID: a process of this host holds the lease; sets worker_pid.
lease_alive() {
	work_alive "$leases_dir/$1.pid"
}

# lease_until UUID SECONDS: holds the lease for at least this long, even if the domain is not seen. The time changes
# with each call, so that an earlier command cannot end the lease.
lease_until() {
	lease_end=$(($(now) + $2))
	lease_old=$(lease_held_until "$1")
	[ "$lease_end" -gt "$lease_old" ] || lease_end=$((lease_old + 1))
	echo "$lease_end" >"$leases_dir/$1.until.new"
	mv -f "$leases_dir/$1.until.new" "$leases_dir/$1.until"
}

# lease_held_until UUID: prints the uptime in seconds before which the holder does not end by itself.
lease_held_until() {
	{ read -r lease_held <"$leases_dir/$1.until"; } 2>/dev/null || lease_held=0
	echo "$lease_held"
}

# end_lease UUID: ends the lease on this host. Its process leads a process group, and each process of the group may
# hold images.
end_lease() {
	if lease_alive "$1"; then
		lease_group=$worker_pid
		kill -- "-$lease_group" 2>/dev/null || kill "$lease_group" 2>/dev/null || :
		lease_tries=0
		while { lease_alive "$1" || kill -0 "-$lease_group" 2>/dev/null; } && [ "$lease_tries" -lt 50 ]; do
			lease_tries=$((lease_tries + 1))
			pause
		done
		! lease_alive "$1" || kill -KILL "-$lease_group" 2>/dev/null || :
	fi
	rm -f "$leases_dir/$1".*
}

# require_flocks IMAGE: refuses unless a lock on it is valid in the whole cluster.
require_flocks() {
	have flock || refuse ToolMissing "no flock on this host: no lease can be taken on $1"
	flocks_local=$(awk -v file="$1" '
		$5 == "/" || index(file, $5 "/") == 1 {
			for (i = 7; i <= NF && $i != "-"; i++) ;
			if (length($5) >= length(point)) { point = $5; options = $(i + 3) }
		}
		END { if (("," options ",") ~ /,localflocks,/) print point }' /proc/self/mountinfo)
	[ -z "$flocks_local" ] || refuse LeaseUnsupported "$flocks_local is mounted with localflocks: a lock on it is valid on this host only"
}

# take_lease UUID alone|beside SECONDS LOCK <IMAGES: takes the lease on the images on stdin (lines as in UUID.images)
# for at least SECONDS. alone: no other host may hold a lease on an image that is written; beside: others may share it.
# LOCK is the lock file that names the likely holder. Refuses ToolMissing, LeaseUnsupported, ImageMissing and
# ImageLeased.
take_lease() {
	end_lease "$1"
	mkdir -p "$leases_dir"
	lease_base=$leases_dir/$1
	cat >"$lease_base.images"
	while read -r lease_access lease_image; do
		[ -n "$lease_access" ] || continue
		require_flocks "$lease_image"
		[ -f "$lease_image" ] || refuse ImageMissing "there is no file $lease_image"
	done <"$lease_base.images"
	if [ ! -s "$lease_base.images" ]; then return 0; fi
	lease_until "$1" "$3"
	cat >"$lease_base.sh" <<'HOLDER'
# include: lease-holder.sh
HOLDER
	find_toolstack
	if [ -d /run/systemd/system ] && have systemd-run; then
		# At shutdown, the unit ends after the domains and before the file systems are unmounted.
		set -- "$1" "$2" "$3" "$4" --quiet --collect --unit="xensan-lease-$1-$$" --description="Lease of domain $1 on its images" \
			--property=Before=xendomains.service
		while read -r lease_access lease_image; do set -- "$@" "--property=RequiresMountsFor=${lease_image%/*}"; done <"$lease_base.images"
		lease_uuid=$1 lease_how=$2 lease_lock=$4
		shift 4
		systemd-run "$@" /bin/sh "$lease_base.sh" "$lease_base" "$lease_uuid" "$lease_how" "$toolstack" >&2 </dev/null 9>&-
	else
		lease_uuid=$1 lease_how=$2 lease_lock=$4
		if have setsid; then
			setsid /bin/sh "$lease_base.sh" "$lease_base" "$1" "$2" "$toolstack" >/dev/null 2>&1 </dev/null 9>&- &
		else
			(trap '' HUP && exec /bin/sh "$lease_base.sh" "$lease_base" "$1" "$2" "$toolstack") >/dev/null 2>&1 </dev/null 9>&- &
		fi
	fi
	lease_began=$(now)
	# Until a dead node is evicted, the kernel makes the other nodes wait.
	until [ -s "$lease_base.said" ] || [ $(($(now) - lease_began)) -ge 20 ]; do pause; done
	lease_word='' lease_image=''
	{ read -r lease_word lease_image <"$lease_base.said"; } 2>/dev/null || :
	if [ "$lease_word" = held ]; then return 0; fi
	end_lease "$lease_uuid"
	lease_text="no lock file names it"
	if read_domain_lock "$lease_lock"; then
		lease_text="$lease_lock names ${lock_host:-no readable host}${lock_boot:+ since its boot $lock_boot}${lock_owner:+ for $lock_owner}"
	fi
	[ -n "$lease_word" ] || refuse ImageLeased "whether a host holds a lease on the images could not be determined within 20 s; $lease_text"
	refuse ImageLeased "the lease of $lease_image is held by a domain or a deletion; $lease_text"
}
