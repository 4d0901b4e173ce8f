#!/bin/sh
# Ends a domain of this host: asks the guest to shut down and waits, or destroys it at once. When the domain is gone,
# and has not come back from a reboot, its lock file is removed if this host holds it, and the lease of its images ends.
# changes: stops the domain, and removes its lock file and lease
# undo: set powerState: Running
# Arguments: OWNER UUID shutdown|destroy SECONDS LOCKDIR (- for none).
#   OWNER   the object that declared it on this host; - for an undeclared domain
# Prints done<TAB>stopped, done<TAB>absent or done<TAB>waiting (it has not ended within SECONDS: run it again).
# Exit codes: 0 done, 3 refused (DomainTaken DomainMigrating DomainStateDiffers ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: xen-processes.sh
# include: domain-lock.sh
# include: domain-owner.sh
# include: lease.sh

owner=$1 uuid=$2 how=$3 seconds=$4 lock_dir=$5
require_toolstack
take_lock "domain-$uuid" 30
began=$(now)

# gone: no domain has this UUID, now and after the two seconds that xl takes to begin a reboot.
gone() {
	[ "$domain_count" = 0 ] || return 1
	# A dying domain may hold its images a moment longer. One that stays dying is a leftover of Xen and does not block the
	# stop.
	while [ -n "$domain_remains" ] && [ $(($(now) - began)) -lt $((seconds + 10)) ]; do
		sleep 1
		find_domain "$uuid"
	done
	[ "$domain_count" = 0 ] || return 1
	sleep 3
	find_domain "$uuid"
	[ "$domain_count" = 0 ] && ! at_work 'create|restore|migrate-receive' && ! starts_again
}

# starts_again: an xl still waits for the domain; if the guest rebooted it will start it.
starts_again() {
	wait_for=$(sed -n 's/^name *= *"\([^"]*\)".*/\1/p' "$state_dir/domains/$uuid.cfg" 2>/dev/null | head -n 1)
	[ -n "$wait_for" ] && at_work wait "$wait_for"
}

# A reboot that begins in between must not be mistaken for the end.
settled() {
	until gone; do
		[ "$domain_count" = 0 ] || return 1
		[ $(($(now) - began)) -le $((seconds + 60)) ] || refuse DomainMigrating "process $work_pid ($work_verb) is building a domain"
	done
	[ "$lock_dir" = - ] || release_domain "$lock_dir/$uuid.lock"
	end_lease "$uuid"
}

not_moving() {
	case $domain_name in
	*--incoming | *--migratedaway | '(null)' | migrating-*) refuse DomainMigrating "$(domain_text)" ;;
	esac
	! at_work 'migrate|save|suspend|restore' "$domain_id" "$domain_name" || refuse DomainMigrating "process $work_pid ($work_verb) is moving the domain"
}

find_domain "$uuid"
[ "$domain_count" -le 1 ] || refuse DomainStateDiffers "$domain_count domains of this host have the UUID $uuid"
if [ "$domain_count" = 0 ] && settled; then finish absent; fi
not_moving
require_declarer "$owner" "$uuid"
asked='' shut_down_since=
while :; do
	# xl treats a domain that came back as a new one.
	if [ "$asked" != "$domain_id" ]; then
		[ "$domain_count" -le 1 ] || refuse DomainStateDiffers "$domain_count domains of this host have the UUID $uuid"
		not_moving
		# -F presses the ACPI power button if the guest does not listen to Xen.
		case $how.$toolstack in
		shutdown.xl) xl shutdown -F "$domain_id" >&2 </dev/null 9>&- || xl shutdown "$domain_id" >&2 </dev/null 9>&- || : ;;
		shutdown.xm) xm shutdown "$domain_id" >&2 </dev/null 9>&- || : ;;
		destroy.*) "$toolstack" destroy "$domain_id" >&2 </dev/null 9>&- || : ;;
		*) refuse InvalidArgument "$how is neither shutdown nor destroy" ;;
		esac
		asked=$domain_id
	fi
	sleep 1
	find_domain "$uuid"
	if [ "$domain_count" = 0 ]; then
		if settled; then finish stopped; fi
		continue
	fi
	# It has shut down and is kept by on_poweroff = preserve: nothing runs in it. A suspended domain is being saved.
	case $domain_state in
	*s*)
		shut_down_since=${shut_down_since:-$(now)}
		if [ $(($(now) - shut_down_since)) -ge 10 ] && [ "$domain_reason" != s ]; then
			not_moving
			"$toolstack" destroy "$domain_id" >&2 </dev/null 9>&- || :
		fi
		;;
	*) shut_down_since= ;;
	esac
	if [ "$how" = destroy ]; then
		[ $(($(now) - began)) -lt $((seconds + 45)) ] || finish waiting
	else
		[ $(($(now) - began)) -lt "$seconds" ] || finish waiting
	fi
done
