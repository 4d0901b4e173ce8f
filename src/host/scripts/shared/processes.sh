# Finds the processes that the scripts need, by name, in one pass and without starting a process.

# find_processes: sets found_processes to their `PID NAME`, one a line. Fails if the processes cannot be read: this
# shell must be among them.
find_processes() {
	found_processes='' found_own=no
	for found_file in /proc/[0-9]*/comm; do
		# The process may have ended meanwhile.
		IFS= read -r found_name <"$found_file" || continue
		found_file=${found_file%/comm}
		[ "${found_file##*/}" != "$$" ] || found_own=yes
		case $found_name in
		xl | xm | xc_save | xc_restore | libxl-save-help* | xenstored | oxenstored | xenwatchdogd | qemu* | tap* | xen-qdisk* | blktap* | \
			vblade* | nbd*)
			found_processes="$found_processes${found_file##*/} $found_name
"
			;;
		esac
	done 2>/dev/null
	[ "$found_own" = yes ]
}

# know_processes: as find_processes, unless the caller uses one list for everything.
one_list=
know_processes() {
	if [ -n "$one_list" ]; then [ "$found_own" = yes ]; else find_processes; fi
}
