#!/bin/sh
# Ensures, after a migration, that the lock file of a domain names this host, on which the domain runs. The previous
# holder does not matter, because the domain is seen here.
# changes: the lock file of a domain on the shared file system, which then names this host
# undo: not needed: the lock file is removed when the domain stops
# Arguments: OWNER UUID LOCKDIR MOUNTPOINT FSUUID.
# Prints done<TAB>moved or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (DomainMissing DomainMigrating NotMounted ReadOnlyFileSystem ToolMissing), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: mounted.sh
# include: domain-lock.sh

owner=$1 uuid=$2 lock=$3/$2.lock
require_toolstack
take_lock "domain-$uuid" 30
find_domain "$uuid"
[ "$domain_count" = 1 ] || refuse DomainMissing "$domain_count domains of this host have the UUID $uuid"
case $domain_name in
*--incoming | *--migratedaway | '(null)' | migrating-*) refuse DomainMigrating "$(domain_text)" ;;
esac
require_mounted "$4" "$5"
lock_directory "$3"
if read_domain_lock "$lock" && [ "$lock_host $lock_boot $lock_owner" = "$(lock_text "$owner")" ]; then finish unchanged; fi
guard_locks "$3"
lock_text "$owner" | replace_file "$lock" 600
finish moved
