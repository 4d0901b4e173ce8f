#!/bin/sh
# Brings one copy that a migration left behind to the state that the recovery table requires. Checks the UUID, the whole
# name, the state and all running toolstack programs again here before it acts, and checks the result afterwards. When a
# copy is destroyed, the lease that this host holds on its images ends.
# changes: destroys, resumes, renames or unpauses the copy that a migration left behind
# undo: not possible for a destroyed copy
# Arguments: OWNER (- for an undeclared domain) UUID NAME ACTION.
#   DestroyIncoming      the copy that arrived, paused, and never ran
#   AbandonIncoming      the same if the source is proved dead: its receiver would wait forever and is ended first
#   DestroyMigratedAway  the copy that was sent, suspended; also paused if xl was interrupted while destroying it
#   StartIncoming        the copy that arrived completely: gets its name and runs
#   ResumeSource         the copy that was sent, suspended: gets its name and runs
# Prints done<TAB>destroyed, started, resumed or unchanged (already in this state).
# Exit codes: 0 done, 3 refused (DomainTaken DomainStateDiffers DomainMigrating DomainMissing DomainNameTaken ResumeUnsupported ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: xen.sh
# include: xen-processes.sh
# include: domain-owner.sh
# include: domain-lock.sh
# include: lease.sh

owner=$1 uuid=$2 name=$3 action=$4
require_toolstack
take_lock "domain-$uuid" 30
find_domain "$uuid"
[ "$domain_count" -le 1 ] || refuse DomainStateDiffers "$domain_count domains of this host have the UUID $uuid"
# A host that was not informed of an arriving copy has no configuration for it yet: only another declarer is refused.
find_declarer "$uuid"
[ -z "$declarer" ] || require_declarer "$owner" "$uuid"

differs() {
	refuse DomainStateDiffers "$action: $(domain_text)"
}

# The receiver's command line names no domain: any receiver may be receiving this one.
nothing_at_work() {
	! at_work 'migrate-receive|restore|save-helper|xc_restore|xc_save|rename|unpause' ||
		refuse DomainMigrating "process $work_pid ($work_verb) is running"
	! at_work 'migrate|save|suspend|destroy|resume|create' "$domain_id" "$name" "$name--incoming" "$name--migratedaway" ||
		refuse DomainMigrating "process $work_pid ($work_verb) is working on the domain"
}

# end_receiver: ends the only process that receives a domain here, because its source is dead.
end_receiver() {
	receivers=$(toolstack_processes) || {
		echo "cannot tell which toolstack commands are running" >&2
		exit 1
	}
	receivers=$(printf '%s\n' "$receivers" | awk -F '\t' '$2 == "migrate-receive" { print $1 }')
	case $receivers in
	'') return 0 ;;
	*[!0-9]*) refuse DomainMigrating "several processes receive domains, and it is unknown which one waits for the source" ;;
	esac
	while IFS='	' read -r row_id row_name row_uuid _; do
		case $row_name in *--incoming | '(null)') ;; *) continue ;; esac
		[ "$row_uuid" = "$uuid" ] || refuse DomainMigrating "$row_name, id $row_id, arrives too, and it is unknown which domain process $receivers receives"
	done <<-END
		$domain_table
	END
	kill "$receivers" 2>/dev/null || :
	receiver_began=$(now)
	while at_work 'migrate-receive|save-helper|xc_restore'; do
		[ $(($(now) - receiver_began)) -lt 10 ] || kill -s KILL "$receivers" 2>/dev/null || :
		[ $(($(now) - receiver_began)) -lt 15 ] || return 0
		pause
	done
}

paused_and_new() {
	case $domain_state.$domain_seconds in p.0.0) return 0 ;; *) return 1 ;; esac
}

# suspended: stopped for a migration and for no other purpose. Only xl shows the reason.
suspended() {
	case $domain_state in *[dcr]*) return 1 ;; *s*) ;; *) return 1 ;; esac
	[ "$domain_reason" = s ]
}

# until_state TEST: checks again for twenty seconds. The exit codes of xl are not trusted.
until_state() {
	state_began=$(now)
	while :; do
		find_domain "$uuid"
		if "$1"; then return 0; fi
		[ $(($(now) - state_began)) -lt 20 ] || return 1
		sleep 1
	done
}

destroyed() {
	[ "$domain_count" = 0 ]
}

running_as_named() {
	[ "$domain_count" = 1 ] && [ "$domain_name" = "$name" ] && domain_runs
}

destroy() {
	said=$("$toolstack" destroy "$domain_id" 2>&1 </dev/null 9>&-) || :
	until_state destroyed || refuse DomainStateDiffers "it should have been destroyed, but $(domain_text): $said"
	end_lease "$uuid"
	finish destroyed
}

rename_back() {
	if [ "$domain_name" = "$name" ]; then return 0; fi
	! named "$name" "$uuid" || refuse DomainNameTaken "another domain of this host, id $row_id, is called $name"
	said=$("$toolstack" rename "$domain_id" "$name" 2>&1 </dev/null 9>&-) || :
}

case $action in
DestroyIncoming)
	if [ "$domain_count" = 0 ]; then finish unchanged; fi
	case $domain_name in "$name--incoming" | '(null)') ;; *) differs ;; esac
	paused_and_new || differs
	nothing_at_work
	destroy
	;;
AbandonIncoming)
	if [ "$domain_count" = 0 ]; then finish unchanged; fi
	case $domain_name in "$name--incoming" | '(null)') ;; *) differs ;; esac
	paused_and_new || differs
	end_receiver
	nothing_at_work
	find_domain "$uuid"
	if [ "$domain_count" = 0 ]; then
		end_lease "$uuid"
		finish destroyed
	fi
	paused_and_new || differs
	destroy
	;;
DestroyMigratedAway)
	if [ "$domain_count" = 0 ]; then finish unchanged; fi
	[ "$domain_name" = "$name--migratedaway" ] || differs
	suspended || differs
	nothing_at_work
	destroy
	;;
StartIncoming)
	[ "$domain_count" = 1 ] || refuse DomainMissing "no domain of this host has the UUID $uuid"
	nothing_at_work
	if running_as_named; then finish unchanged; fi
	# It is already named but still paused: a start was interrupted between two steps.
	case $domain_name in "$name--incoming" | "$name") ;; *) differs ;; esac
	paused_and_new || differs
	rename_back
	# xl always exits 0.
	"$toolstack" unpause "$domain_id" >&2 </dev/null 9>&- || :
	until_state running_as_named || refuse DomainStateDiffers "it should run, but $(domain_text): ${said-}"
	finish started
	;;
ResumeSource)
	[ "$domain_count" = 1 ] || refuse DomainMissing "no domain of this host has the UUID $uuid"
	nothing_at_work
	if running_as_named; then finish unchanged; fi
	case $domain_name in "$name--migratedaway" | "$name") ;; *) differs ;; esac
	suspended || differs
	# xl destroy pauses a domain first: a copy whose destruction has begun must not run again.
	case $domain_state in *p*) differs ;; esac
	"$toolstack" help 2>&1 </dev/null | grep -q '^ *resume ' || refuse ResumeUnsupported "$toolstack on this host has no command resume"
	rename_back
	"$toolstack" resume "$domain_id" >&2 </dev/null 9>&- || :
	until_state running_as_named || refuse DomainStateDiffers "it should have been resumed, but $(domain_text): ${said-}"
	finish resumed
	;;
*) refuse InvalidArgument "$action is not an action" ;;
esac
