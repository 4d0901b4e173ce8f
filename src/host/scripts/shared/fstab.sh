# Entries of /etc/fstab. Ours are below a line `# xensan: OWNER`.

# is_empty DIRECTORY
is_empty() {
	for empty_name in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		{ [ ! -e "$empty_name" ] && [ ! -L "$empty_name" ]; } || return 1
	done
}

# fstab_entry MOUNTPOINT: prints SOURCE OPTIONS OWNER of the entry that mounts it at boot, separated by tabs; OWNER is
# - if the entry is not ours. Skips a foreign entry with noauto, which is not mounted at boot.
fstab_entry() {
	[ -f /etc/fstab ] || return 0
	entry_owner=
	while IFS= read -r entry_line || [ -n "$entry_line" ]; do
		case $entry_line in
		'# xensan: '*)
			entry_owner=${entry_line#??????????}
			continue
			;;
		esac
		read -r entry_source entry_point _ entry_options _ <<-END
			$entry_line
		END
		case $entry_source in '#'*) entry_point= ;; esac
		case $entry_owner,$entry_options, in ,*,noauto,* | ,noauto,*) entry_point= ;; esac
		if [ "$entry_point" = "$1" ]; then
			printf '%s\t%s\t%s\n' "$entry_source" "$entry_options" "${entry_owner:--}"
			return 0
		fi
		entry_owner=
	done </etc/fstab
}

# fstab_without MOUNTPOINT: prints the file without the entry of this mount point and its mark.
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
