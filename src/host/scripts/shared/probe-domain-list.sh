# include: xen.sh
# include: xen-processes.sh
# include: probe-rows.sh
# The domains of this host, and the commands of the toolstack that work on them.

# begin_domains: prints the rows that come before the list, and sets $otherwise to how the section ends without a list.
begin_domains() {
	find_toolstack
	[ "$toolstack" != none ] || return "$absent"
	# The processes are read before the list, so that the list shows the result of a command that has ended by then. A
	# command that begins later is in neither.
	toolstack_processes >"$work/processes" || return 1
	while IFS= read -r line; do printf 'domains\tprocess\t%s\n' "$line"; done <"$work/processes"
	for file in "$run_dir"/leases/*.pid; do
		work_alive "$file" || continue
		uuid=${file##*/}
		uuid=${uuid%.pid}
		word "${file%.pid}.until"
		row domains lease "$uuid" "${value:-0}"
	done
	# A host that does not run under Xen, according to its kernel, has no domains.
	otherwise=$absent
	word /sys/hypervisor/type
	if [ "$value" = xen ] || [ -e /proc/xen ]; then otherwise=1; fi
}

# probe_domains_at_once: prints all rows now, with a separate process for the list.
probe_domains_at_once() {
	begin_domains || return "$?"
	domain_rows "$work/domains" || return "$otherwise"
	while IFS= read -r line; do
		case $line in *\\*) line=$(printf '%s' "$line" | sed 's/\\/\\134/g') ;; esac
		printf 'domains\tdomain\t%s\n' "$line"
	done <"$work/domains"
}

# probe_domains: the same, but leaves the list of xl to tell(), which reads it together with other output.
probe_domains() {
	find_toolstack
	if [ "$toolstack" != xl ]; then
		probe_domains_at_once
		return "$?"
	fi
	begin_domains || return "$?"
	ask_domains "$work/domains" || return "$otherwise"
	if [ "$otherwise" = "$absent" ]; then row later domains absent; else row later domains unknown; fi
}
