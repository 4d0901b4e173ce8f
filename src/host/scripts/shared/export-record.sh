# include: interface-card.sh
# A record for every export: $state_dir/exports/NAME contains the identity and the path of its backing, the owner, and
# the interface with the MAC address of its card. The guard compares backing and card before every start of a vblade. NAME is
# the vblade@ instance, or the id in inittab.
exports_dir=$state_dir/exports
guard_file=$state_dir/guard
guard_revision='# revision 2'

# recorded_export NAME: sets recorded and recorded_card, empty when nothing is recorded. Earlier releases recorded no card.
recorded_export() {
	recorded='' recorded_card=''
	[ -f "$exports_dir/$1" ] || return 0
	{ IFS= read -r recorded && IFS= read -r _ && IFS= read -r _ && IFS= read -r recorded_card; } <"$exports_dir/$1" || :
}

# guard_stands: this host has the guard of this release.
guard_stands() {
	guard_has=
	{ IFS= read -r _ && IFS= read -r guard_has; } 2>/dev/null <"$guard_file" && [ "$guard_has" = "$guard_revision" ]
}

# is_guarded ID: its line in inittab runs the guard.
is_guarded() {
	grep -q "^$1:[^:#]*:[^:]*:/bin/sh $guard_file $1 " /etc/inittab
}

# forget_export NAME
forget_export() {
	rm -f "$exports_dir/$1"
}
