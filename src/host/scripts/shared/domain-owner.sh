# Which object declared a domain on this host: the line `NAMESPACE/NAME UID` in a file next to its configuration.

# same_declarer OWNER OTHER: namespace and name are the same. The uid may differ: the object may have been created
# again.
same_declarer() {
	[ "${1%% *}" = "${2%% *}" ]
}

# find_declarer UUID: sets declarer; empty when no object declared it here.
find_declarer() {
	declarer=
	{ IFS= read -r declarer <"$state_dir/domains/$1.cfg.owner"; } 2>/dev/null || :
}

# require_declarer OWNER UUID: refuses DomainTaken unless OWNER declared the domain here. OWNER - means an undeclared
# domain.
require_declarer() {
	find_declarer "$2"
	if [ "$1" = - ]; then
		[ -z "$declarer" ] || refuse DomainTaken "the domain $2 is declared by $declarer"
		return 0
	fi
	[ -n "$declarer" ] || refuse DomainTaken "the domain $2 runs here but was not started by xensan: no XenDomain declares it on this host"
	same_declarer "$declarer" "$1" || refuse DomainTaken "the domain $2 is declared by $declarer, not by $1"
}
