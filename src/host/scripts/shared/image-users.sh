# include: awk-words.sh
# include: processes.sh
# Finds what uses a file on this host by its device and inode, so under any name, even one with blanks or a deleted
# one.

# list_loops FILE: writes `NAME MAJ:MIN BACKING` of each loop device to FILE, separated by tabs.
list_loops() {
	for users_loop in /sys/block/loop*/loop/backing_file; do
		{ IFS= read -r users_file <"$users_loop"; } 2>/dev/null || continue
		users_loop=${users_loop#/sys/block/}
		users_loop=${users_loop%%/*}
		{ IFS=: read -r users_major users_minor <"/sys/block/$users_loop/dev"; } 2>/dev/null || continue
		printf '%s\t%s\t%s\n' "$users_loop" "$users_major:$users_minor" "$users_file"
	done >"$1"
}

# process_users: prints `DEVICE:INODE process PID DOMID`, separated by tabs, of each file that a program which serves
# disks of domains has open; DOMID is - if the domain is unknown.
process_users() {
	know_processes || :
	while read -r users_program users_name; do
		case $users_name in qemu* | tap* | xen-qdisk* | blktap* | vblade* | nbd*) ;; *) continue ;; esac
		users_domain=$(tr '\000' '\n' <"/proc/$users_program/cmdline" 2>/dev/null | sed -n '/^-xen-domid$/{n;p;q;}') || :
		case $users_domain in '' | *[!0-9]*) users_domain=- ;; esac
		# Includes deleted files: the kernel follows the descriptor, not the name.
		stat -L -c %d:%i -- "/proc/$users_program"/fd/* 2>/dev/null | sort -u | while IFS= read -r users_inode; do
			printf '%s\tprocess\t%s\t%s\n' "$users_inode" "$users_program" "$users_domain"
		done || :
	done <<-END
		$found_processes
	END
}

# awk function, after $escape_fields: backend_domains(FILE, DOMAIN) sets DOMAIN[MAJ:MIN] to the domain that has a
# device, from the output of xenstore-ls.
backend_words='
function backend_domains(path, domain,   line, part, text, number) {
	while ((getline line < path) > 0) {
		if (line !~ /^\/local\/domain\/0\/backend\/[^\/]*\/[0-9]*\/[^\/]*\/physical-device = "/) continue
		split(line, part, "/")
		text = line; sub(/^[^"]*"/, "", text); sub(/"$/, "", text)
		split(text, number, ":")
		text = hex(number[1]) ":" hex(number[2])
		if (!(text in domain)) domain[text] = part[7]
	}
	close(path)
}
'

# file_users FILE: writes to FILE one line per user of any file: `DEVICE:INODE loop NAME DOMID` or what process_users
# prints. Users are loop devices, and programs that serve disks of domains.
file_users() {
	list_loops "$1.loops"
	: >"$1"
	[ ! -s "$1.loops" ] || loop_users "$1"
	rm -f "$1.loops" "$1.backends" "$1.inodes"
	process_users >>"$1"
}

# loop_users FILE: adds the loop devices of FILE.loops.
loop_users() {
	users_into=$1
	set --
	while IFS='	' read -r _ _ users_file; do set -- "$@" "$users_file"; done <"$users_into.loops"
	stat -L -c '%d:%i %n' -- "$@" >"$users_into.inodes" 2>/dev/null || :
	: >"$users_into.backends"
	if have xenstore-ls && { [ -e /proc/xen/xenbus ] || [ -e /dev/xen/xenbus ]; }; then
		limited 10 xenstore-ls -f /local/domain/0/backend >"$users_into.backends" 2>/dev/null </dev/null || :
	fi
	awk -F '\t' -v into="$users_into" "$escape_fields$backend_words"'
		BEGIN {
			while ((getline line < (into ".inodes")) > 0) { at = index(line, " "); inode[substr(line, at + 1)] = substr(line, 1, at - 1) }
			backend_domains(into ".backends", domain)
		}
		($3 in inode) { print inode[$3] "\tloop\t" $1 "\t" ($2 in domain ? domain[$2] : "-") }' "$users_into.loops" >>"$users_into"
}

# first_image_user PATH: prints the first user of this file on this host, `loop device NAME` or `process PID`; nothing
# if there is none.
first_image_user() {
	mkdir -p "$run_dir"
	file_users "$run_dir/users.$$"
	users_wanted=$(stat -c %d:%i -- "$1")
	awk -F '\t' -v wanted="$users_wanted" '$1 == wanted { print ($2 == "loop" ? "loop device" : $2) " " $3; exit }' "$run_dir/users.$$"
	rm -f "$run_dir/users.$$"
}
