#!/bin/sh
# Ends the lease that this host holds on the images of a domain which is not here: after a migration took it away or did not
# bring it, or when nothing told the holder that it has gone.
# Arguments: OWNER UUID.
# Prints done<TAB>ended or done<TAB>absent.
# Exit codes: 0 done, 3 refused (DomainTaken DomainRunning DomainMigrating ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: xen.sh
# include: xen-processes.sh
# include: domain-lock.sh
# include: domain-owner.sh
# include: lease.sh

owner=$1 uuid=$2
require_toolstack
take_lock "domain-$uuid" 30
lease_alive "$uuid" || finish absent
find_declarer "$uuid"
[ -z "$declarer" ] || require_declarer "$owner" "$uuid"
find_domain "$uuid"
[ "$domain_count" = 0 ] || refuse DomainRunning "$(domain_text)"
! at_work 'create|restore|migrate-receive' || refuse DomainMigrating "process $work_pid ($work_verb) builds a domain"
end_lease "$uuid"
finish ended
