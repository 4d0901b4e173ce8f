# Entries of /etc/fstab. Ours stand below a line `# xensan: OWNER`.

# is_empty DIRECTORY
is_empty() {
	for empty_name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		{ [ ! -e "$empty_name" ] && [ ! -L "$empty_name" ]; } || return 1
	done
}

# fstab_entry MOUNTPOINT: SOURCE OPTIONS OWNER of what mounts it at boot, a tab between; OWNER is - when it is not ours.
# What is not ours and has noauto is not mounted at boot.
fstab_entry() {
	[ -f /etc/fstab ] || return 0
	awk -v point="$1" '
		/^# xensan: / { owner = substr($0, 11); next }
		/^[ \t]*(#|$)/ { owner = ""; next }
		$2 == point && (owner != "" || ("," $4 ",") !~ /,noauto,/) { print $1 "\t" $4 "\t" (owner == "" ? "-" : owner); exit }
		{ owner = "" }' /etc/fstab
}

# fstab_without MOUNTPOINT: the file without the entry of this mount point and its mark.
fstab_without() {
	[ -f /etc/fstab ] || return 0
	awk -v point="$1" '
		/^# xensan: / { mark = $0; next }
		{
			if (!/^[ \t]*#/ && $2 == point) { mark = ""; next }
			if (mark != "") { print mark; mark = "" }
			print
		}
		END { if (mark != "") print mark }' /etc/fstab
}
