# inittab_free_id TAKEN: prints an id that no line uses and that is not in this list of words. sysvinit accepts four
# characters.
inittab_free_id() {
	awk -F: -v taken=" $1 " '
		!/^#/ { used[$1] = 1 }
		END {
			digits = "0123456789abcdefghijklmnopqrstuvwxyz"
			for (i = 0; i < 46656; i++) {
				id = "x" substr(digits, int(i / 1296) + 1, 1) substr(digits, int(i / 36) % 36 + 1, 1) substr(digits, i % 36 + 1, 1)
				if (!(id in used) && !index(taken, " " id " ")) { print id; exit }
			}
		}' /etc/inittab
}

# inittab_replace: replaces /etc/inittab with stdin and makes init read it.
inittab_replace() {
	inittab_new=$run_dir/inittab.$$
	cat >"$inittab_new"
	# A machine without an inittab does not boot, so a text without an initdefault line is never written.
	grep -q ':initdefault:' "$inittab_new" || {
		rm -f "$inittab_new"
		echo "the new inittab has no initdefault line" >&2
		exit 1
	}
	replace_file /etc/inittab "$(stat -c %a /etc/inittab)" <"$inittab_new"
	rm -f "$inittab_new"
	telinit q
}

# inittab_without ID: prints /etc/inittab without that line and its mark.
inittab_without() {
	awk -F: -v id="$1" '
		/^# xensan: / { held = $0; next }
		$1 == id && !/^#/ { held = ""; next }
		held != "" { print held; held = "" }
		{ print }' /etc/inittab
}
