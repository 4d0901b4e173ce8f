#!/bin/sh
# Ensures that this host holds the lease of a domain on its images, shared with the host that runs it: before the domain
# arrives by a migration, or when it runs here without a lease.
# changes: a small process holds the lease of a domain's images (/run/xensan/leases)
# undo: not needed: the process ends with the domain
# Arguments: OWNER UUID SECONDS LOCKDIR, then any number of write=PATH, read=PATH (its images) and share=FSUUID:MOUNTPOINT.
#   SECONDS   it is held for at least this long, whether or not the domain is seen; 0 for a domain that is here
# Prints done<TAB>held or done<TAB>unchanged (it was held already, and is now for SECONDS).
# Exit codes: 0 done, 3 refused (DomainTaken DomainMissing ImageLeased ImageMissing LeaseUnsupported NotMounted ReadOnlyFileSystem ToolMissing), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: xen.sh
# include: mounted.sh
# include: domain-lock.sh
# include: domain-owner.sh
# include: lease.sh

owner=$1 uuid=$2 seconds=$3 lock=$4/$2.lock
shift 4
require_toolstack
take_lock "domain-$uuid" 30
find_declarer "$uuid"
[ -z "$declarer" ] || require_declarer "$owner" "$uuid"
if [ "$seconds" = 0 ]; then
	find_domain "$uuid"
	[ "$domain_count" != 0 ] || refuse DomainMissing "no domain of this host has the UUID $uuid"
fi
if lease_alive "$uuid"; then
	lease_until "$uuid" "$seconds"
	finish unchanged
fi
for argument; do
	case $argument in share=*) ;; *) continue ;; esac
	argument=${argument#share=}
	require_mounted "${argument#*:}" "${argument%%:*}"
done
for argument; do
	case $argument in
	write=* | read=*) echo "${argument%%=*} ${argument#*=}" ;;
	esac
done >"$run_dir/$uuid.images"
tidy() {
	rm -f "$run_dir/$uuid.images"
}
at_exit tidy
take_lease "$uuid" beside "$seconds" "$lock" <"$run_dir/$uuid.images"
finish held
