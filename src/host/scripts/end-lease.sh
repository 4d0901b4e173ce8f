#!/bin/sh
# Ends the lease that this host holds on the images of a domain which is not here: after a migration moved it away or did
# not bring it here, or when the holder did not notice that the domain is gone.
# changes: ends the process that holds the lease of a domain which is not here
# undo: not needed
# Arguments: OWNER UUID UNTIL.
#   UNTIL       as the probe reported it: the uptime in seconds until which the lease is held whether or not the domain is seen
# Prints done<TAB>ended, done<TAB>absent, or done<TAB>renewed (it was requested again since that probe: a domain is about to arrive).
# Exit codes: 0 done, 3 refused (DomainTaken DomainRunning DomainMigrating ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: xen.sh
# include: xen-processes.sh
# include: domain-lock.sh
# include: domain-owner.sh
# include: lease.sh

owner=$1 uuid=$2 until=$3
require_toolstack
take_lock "domain-$uuid" 30
lease_alive "$uuid" || finish absent
find_declarer "$uuid"
[ -z "$declarer" ] || require_declarer "$owner" "$uuid"
find_domain "$uuid"
[ "$domain_count" = 0 ] || refuse DomainRunning "$(domain_text)"
! at_work 'create|restore|migrate-receive' || refuse DomainMigrating "process $work_pid ($work_verb) is building a domain"
[ "$(lease_held_until "$uuid")" = "$until" ] || finish renewed
end_lease "$uuid"
finish ended
