# Who uses a file on this host, by whatever name: what counts is the device and the inode. Blank or deleted names included.

# file_users FILE: writes to FILE one line per user of any file: `DEVICE:INODE loop NAME DOMID` or `DEVICE:INODE process PID
# DOMID`, tabs between; DOMID is - where no domain is known. Loop devices, and programs that serve disks of domains.
file_users() {
	users_backends=
	if have xenstore-ls && { [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; }; then
		users_backends=$(limited 10 xenstore-ls -f /local/domain/0/backend 2>/dev/null </dev/null |
			sed -n 's|^/local/domain/0/backend/[^/]*/\([0-9]*\)/[^/]*/physical-device = "\(.*\)"$|\1 \2|p') || :
	fi
	: >"$1"
	for users_loop in /sys/block/loop*/loop/backing_file; do
		{ IFS= read -r users_file <"$users_loop"; } 2>/dev/null || continue
		users_loop=${users_loop#/sys/block/}
		users_loop=${users_loop%%/*}
		users_inode=$(stat -L -c %d:%i -- "$users_file" 2>/dev/null) || continue
		{ IFS=: read -r users_major users_minor <"/sys/block/$users_loop/dev"; } 2>/dev/null || continue
		users_device=$(printf '%x:%x' "$users_major" "$users_minor")
		users_domain=$(printf '%s\n' "$users_backends" | while read -r users_domid users_physical; do
			if [ "$users_physical" = "$users_device" ]; then echo "$users_domid"; fi
		done | head -n 1)
		printf '%s\tloop\t%s\t%s\n' "$users_inode" "$users_loop" "${users_domain:--}" >>"$1"
	done
	users_programs=$(grep -lsE '^(qemu|tap|xen-qdisk|blktap|vblade|nbd)' /proc/[0-9]*/comm) || :
	for users_program in $users_programs; do
		users_program=${users_program%/comm}
		users_domain=$(tr '\000' '\n' <"$users_program/cmdline" 2>/dev/null | sed -n '/^-xen-domid$/{n;p;q;}') || :
		case $users_domain in '' | *[!0-9]*) users_domain=- ;; esac
		# Deleted files as well: the kernel follows the descriptor, not the name.
		stat -L -c %d:%i -- "$users_program"/fd/* 2>/dev/null | sort -u | while IFS= read -r users_inode; do
			printf '%s\tprocess\t%s\t%s\n' "$users_inode" "${users_program#/proc/}" "$users_domain"
		done >>"$1" || :
	done
}

# image_users PATH: `loop NAME DOMID` or `process PID DOMID` of whoever uses this very file here, one a line.
image_users() {
	mkdir -p "$run_dir"
	file_users "$run_dir/users.$$"
	users_wanted=$(stat -c %d:%i -- "$1")
	awk -F '\t' -v wanted="$users_wanted" '$1 == wanted { print $2 "\t" $3 "\t" $4 }' "$run_dir/users.$$"
	rm -f "$run_dir/users.$$"
}
