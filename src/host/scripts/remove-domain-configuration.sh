#!/bin/sh
# Ensures that xensan's configuration of a domain for this owner is gone. The domain must not be on this host.
# changes: removes what write-domain-configuration wrote
# undo: create the XenDomain again
# Arguments: OWNER UUID.
# Prints done<TAB>removed or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs DomainRunning NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: domain-owner.sh

file=$state_dir/domains/$2.cfg
take_lock "domain-$2" 30
if [ ! -e "$file" ]; then
	rm -f "$file.owner"
	finish absent
fi
find_declarer "$2"
same_declarer "$declarer" "$1" || refuse NotOurs "$file was written for ${declarer:-an unknown owner}"
find_toolstack
if [ "$toolstack" != none ]; then
	find_domain "$2"
	[ "$domain_count" = 0 ] || refuse DomainRunning "$(domain_text)"
fi
rm -f "$file" "$file.owner"
flush_directory "${file%/*}"
finish removed
