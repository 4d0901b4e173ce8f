# The lock file of a domain gives one host the exclusive right to run it. It is on the shared file system and contains
# `HOST BOOTID OWNER`. A new lock file is a hard link to a complete file, which exactly one host of the cluster can
# create. A change needs a flock, which OCFS2 takes for the whole cluster.

# read_domain_lock FILE: sets lock_host, lock_boot, lock_owner; fails when there is no file.
read_domain_lock() {
	lock_host='' lock_boot='' lock_owner=''
	[ -e "$1" ] || return 1
	{ read -r lock_host lock_boot lock_owner <"$1"; } 2>/dev/null || :
}

lock_text() {
	echo "$(own_name) $(own_boot) $1"
}

# guard_locks DIRECTORY: until descriptor 7 is closed, only this host may change lock files there.
guard_locks() {
	have flock || refuse ToolMissing "no flock on this host: the lock file of another host cannot be checked"
	lock_error=$( (: >>"$1/.guard") 2>&1) || refuse_write "$1/.guard" "$lock_error"
	exec 7>>"$1/.guard"
	flock -w 20 7 || {
		printf 'busy\tanother host is changing lock files in %s\n' "$1"
		exit 4
	}
}

lock_directory() {
	lock_error=$(mkdir -p "$1" 2>&1) || refuse_write "$1" "$lock_error"
	chmod 700 "$1" 2>/dev/null || :
}

# claim_domain FILE OWNER HOST BOOT: takes the lock for this boot of this host. Refuses DomainLocked unless the lock is
# free, held for this boot of this host already, or held by HOST in its boot BOOT (- and - for none).
claim_domain() {
	lock_mine=$(lock_text "$2")
	lock_directory "${1%/*}"
	lock_draft=$1.$(own_name)
	lock_error=$({ printf '%s\n' "$lock_mine" >"$lock_draft" && flush "$lock_draft"; } 2>&1) || refuse_write "$1" "$lock_error"
	if ln "$lock_draft" "$1" 2>/dev/null; then
		rm -f "$lock_draft"
		flush_directory "${1%/*}"
		return 0
	fi
	read_domain_lock "$1" || {
		rm -f "$lock_draft"
		# The lock was released meanwhile, or the link cannot be created.
		refuse DomainLocked "the lock file $1 is being changed or cannot be created"
	}
	guard_locks "${1%/*}"
	read_domain_lock "$1" || lock_host=
	case "$lock_host $lock_boot" in
	"$(own_name) $(own_boot)") ;;
	"$3 $4") ;;
	*)
		rm -f "$lock_draft"
		refuse DomainLocked "$1 is held by ${lock_host:-an unknown host} since its boot ${lock_boot:-?}${lock_owner:+ for $lock_owner}"
		;;
	esac
	mv -f "$lock_draft" "$1"
	flush_directory "${1%/*}"
	exec 7>&-
}

# release_domain FILE: removes the lock of this host, of any boot. The caller has seen that the domain is not here.
release_domain() {
	read_domain_lock "$1" || return 0
	[ "$lock_host" = "$(own_name)" ] || return 0
	guard_locks "${1%/*}"
	if read_domain_lock "$1" && [ "$lock_host" = "$(own_name)" ]; then
		rm -f "$1"
		flush_directory "${1%/*}"
	fi
	exec 7>&-
}
