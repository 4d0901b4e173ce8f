# resolve PATH: prints PATH without symbolic links.
resolve() {
	if have realpath; then realpath "$1"; else readlink -f "$1"; fi
}

# users_of MAJ:MIN MOUNTPOINT: prints what keeps a mounted file system busy, one per line: `process 7 sh`, `loop device
# loop3 (FILE)`, `domain 3 (FILE)`, `lease of domain UUID`, `mount PATH`. Does not access the file system itself.
users_of() {
	users_point=$2
	# Open files, current directories, roots and programs, except those of this script.
	# shellcheck disable=SC2012
	ls -l /proc/[0-9]*/fd /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe 2>/dev/null | awk -v point="$users_point" '
		/^\/proc\/[0-9]+\/fd:$/ { pid = $0; sub(/^\/proc\//, "", pid); sub(/\/fd:$/, "", pid); next }
		{
			at = index($0, " -> ")
			if (at == 0) next
			target = substr($0, at + 4)
			if (target != point && index(target, point "/") != 1) next
			user = pid
			if (match($0, /\/proc\/[0-9]+\//)) { user = substr($0, RSTART + 6); sub(/\/.*/, "", user) }
			print user
		}' | sort -u | while read -r users_pid; do
		[ "$users_pid" != "$$" ] || continue
		users_lease=$(tr '\000' '\n' 2>/dev/null <"/proc/$users_pid/cmdline" | sed -n "s|^$run_dir/leases/\([0-9a-f-]*\)[.]sh\$|\1|p") || :
		if [ -n "$users_lease" ]; then
			echo "lease of domain $users_lease"
			continue
		fi
		{ read -r users_name <"/proc/$users_pid/comm"; } 2>/dev/null || continue
		echo "process $users_pid $users_name"
	done
	# Files that programs have mapped and closed.
	grep -l " $users_point/" /proc/[0-9]*/maps 2>/dev/null | while IFS=/ read -r _ _ users_pid _; do
		{ read -r users_name <"/proc/$users_pid/comm"; } 2>/dev/null || continue
		echo "process $users_pid $users_name"
	done
	for users_loop in /sys/block/loop*/loop/backing_file; do
		{ IFS= read -r users_file <"$users_loop"; } 2>/dev/null || continue
		case $users_file in
		"$users_point"/*)
			users_loop=${users_loop#/sys/block/}
			echo "loop device ${users_loop%%/*} ($users_file)"
			;;
		esac
	done
	if { [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; } && have xenstore-ls; then
		timeout 5 xenstore-ls -f /local/domain/0/backend 2>/dev/null | awk -v point="$users_point" '
			$1 ~ /\/params$/ {
				split($1, piece, "/")
				text = $0; sub(/^[^"]*"/, "", text); sub(/"$/, "", text); sub(/^[a-z0-9]+:/, "", text)
				if (index(text, point "/") == 1) print "domain " piece[7] " (" text ")"
			}' || :
	fi
	while read -r _ _ users_number _ users_path _; do
		case $users_path in
		"$users_point"/*) echo "mount $users_path" ;;
		"$users_point") ;;
		*) [ "$users_number" != "$1" ] || echo "mount $users_path" ;;
		esac
	done </proc/self/mountinfo
}
