#!/bin/sh
# Ensures that the host neither saves its domains at shutdown nor restores or starts any at boot: otherwise it would
# bring back a domain that has since moved. XENDOMAINS_SAVE, _RESTORE and _AUTO become blank; the toolstack's services run.
# changes: XENDOMAINS_SAVE, XENDOMAINS_RESTORE and XENDOMAINS_AUTO in /etc/default/xendomains or /etc/sysconfig/xendomains become blank
# undo: restore the old values; Debian's are /var/lib/xen/save, true and /etc/xen/auto
# changes: starts the services of the toolstack
# undo: systemctl stop UNIT
# Arguments: none.
# Prints done<TAB>prepared or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (NotDom0 ToolMissing ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: xendomains.sh

require_toolstack
take_lock toolstack 30
changed=
for file in /etc/default/xendomains /etc/sysconfig/xendomains; do
	[ -f "$file" ] || continue
	xendomains_values "$file"
	if [ -z "$xendomains_save$xendomains_restore$xendomains_auto" ]; then continue; fi
	awk '
		/^[ \t]*(export[ \t]+)?XENDOMAINS_(SAVE|RESTORE|AUTO)=/ {
			match($0, /XENDOMAINS_[A-Z]+/)
			print substr($0, RSTART, RLENGTH) "=\"\""
			next
		}
		{ print }' "$file" >"$run_dir/xendomains"
	replace_file "$file" 644 <"$run_dir/xendomains"
	xendomains_values "$file"
	[ -z "$xendomains_save$xendomains_restore$xendomains_auto" ] || {
		echo "$file sets XENDOMAINS_SAVE, _RESTORE or _AUTO in a way that xensan cannot parse" >&2
		exit 1
	}
	changed=yes
done

if ! domain_rows "$run_dir/domains.$$" 2>"$run_dir/xl.err"; then
	privileged || refuse NotDom0 "this host does not run as a dom0: $(tail -n 1 "$run_dir/xl.err")"
	# Debian calls it xen; both start xenstored and the console daemon.
	if [ -d /run/systemd/system ]; then
		systemctl start xencommons.service >/dev/null 2>&1 9>&- || systemctl start xen.service >&2 9>&- || :
	else
		for script in xencommons xen xend; do
			[ ! -x "/etc/init.d/$script" ] || "/etc/init.d/$script" start >&2 9>&- </dev/null || :
		done
	fi
	changed=yes
	list_domains
fi
rm -f "$run_dir/domains.$$"
[ -z "$changed" ] || finish prepared
finish unchanged
