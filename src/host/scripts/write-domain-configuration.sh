#!/bin/sh
# Ensures the file from which a domain is built, /var/lib/xensan/domains/UUID.cfg, and a file next to it with its owner.
# changes: /var/lib/xensan/domains/UUID.cfg and UUID.cfg.owner
# undo: delete the XenDomain
# Arguments: OWNER UUID BASE64 (of the text) ADOPT.
#   ADOPT   yes: also if the domain already exists here and is undeclared; otherwise no
# Prints done<TAB>written or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (DomainTaken InvalidArgument ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: domain-owner.sh

owner=$1 uuid=$2
file=$state_dir/domains/$2.cfg
take_lock "domain-$2" 30
printf %s "$3" | base64 -d >"$run_dir/$2.cfg" || refuse InvalidArgument "the text is not base64"
tidy() {
	rm -f "$run_dir/${file##*/}" "$run_dir/$uuid.domains"
}
at_exit tidy
find_declarer "$2"
if cmp -s "$file" "$run_dir/$2.cfg" && [ "$declarer" = "$owner" ]; then finish unchanged; fi
if [ -n "$declarer" ]; then
	same_declarer "$declarer" "$owner" || refuse DomainTaken "$file was written for $declarer"
elif [ "$4" != yes ]; then
	find_toolstack
	# Domains run only on a dom0.
	if [ "$toolstack" != none ] && { domain_rows "$run_dir/$2.domains" >/dev/null 2>&1 || privileged; }; then
		find_domain "$2"
		[ "$domain_count" = 0 ] || refuse DomainTaken "it is not declared on this host, but $(domain_text)"
	fi
fi
printf '%s\n' "$owner" | replace_file "$file.owner" 600
replace_file "$file" 600 <"$run_dir/$2.cfg"
finish written
