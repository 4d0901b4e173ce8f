#!/bin/sh
# Ensures these settings in /etc/xen/xend-config.sxp, each once and outside of comments, even if the old value spans
# lines; other lines and comments stay. xend reads the file at its start, so it is restarted when something changed and no
# domain is being built or moved. Domains keep running.
# changes: /etc/xen/xend-config.sxp: the settings for relocation, network and dom0 in the XenHost; xend is restarted while no domain is being built or moved
# undo: restore the old values and restart xend
# changes: /var/lib/xensan/xend-password: which revision of the VNC password is in force
# undo: rm the file
# Arguments: any number of KEY=VALUE, the value as written in the file; after a vncpasswd, vncpasswd-revision=WORD, which the
# probe then reports.
# Prints done<TAB>configured or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (NotDom0 ToolMissing DomainMigrating ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: xen.sh
# include: xen-processes.sh
# include: sxp.sh

file=/etc/xen/xend-config.sxp
have xm || refuse ToolMissing "xm is not installed: this host has no xend"
[ -f "$file" ] || refuse ToolMissing "there is no $file"
take_lock toolstack 30

revision=
for setting; do
	case $setting in vncpasswd-revision=*) revision=${setting#*=} ;; esac
done
printf '%s\n' "$@" | grep -v '^vncpasswd-revision=' >"$run_dir/xend.wanted"
# finish_with WORD: also records for the probe which password is in the file.
finish_with() {
	[ -z "$revision" ] || printf '%s\n' "$revision" | replace_file "$state_dir/xend-password" 600
	finish "$1"
}
awk -v wanted="$run_dir/xend.wanted" "$sxp_lists"'
	BEGIN {
		while ((getline line < wanted) > 0) {
			at = index(line, "=")
			if (at == 0) continue
			key = substr(line, 1, at - 1)
			order[++count] = key
			wanted_list[key] = "(" key " " substr(line, at + 1) ")"
		}
	}
	function printed(line) { print line }
	function list(key, text, raw) {
		if (!(key in wanted_list)) kept = kept raw
		else if (!(key in written)) { kept = kept wanted_list[key]; written[key] = 1 }
	}
	END {
		if (unended) { print unended; exit 9 }
		for (i = 1; i <= count; i++) if (!(order[i] in written)) print wanted_list[order[i]]
	}' "$file" >"$run_dir/xend.new" || {
	echo "$file: the list that begins in line $(tail -n 1 "$run_dir/xend.new") is not closed, so xend cannot read the file" >&2
	exit 1
}
mark=$state_dir/xend-restart
if cmp -s "$file" "$run_dir/xend.new" && [ ! -e "$mark" ]; then
	rm -f "$run_dir/xend.new" "$run_dir/xend.wanted"
	finish_with unchanged
fi
# A crash between the file and the restart must not lose the restart.
mkdir -p "$state_dir"
: >"$mark"
# The file may contain the password of the consoles.
cmp -s "$file" "$run_dir/xend.new" || replace_file "$file" 600 <"$run_dir/xend.new"
rm -f "$run_dir/xend.new" "$run_dir/xend.wanted"
! at_work 'create|restore|save|migrate|xc_save|xc_restore|start|suspend' ||
	refuse DomainMigrating "xend must be restarted for its new settings, but process $work_pid ($work_verb) is running"
script=/etc/init.d/xend
[ -x "$script" ] || script=$(command -v xend) || refuse ToolMissing "this host has neither /etc/init.d/xend nor xend"
"$script" restart >"$run_dir/xend.out" 2>&1 </dev/null 9>&- || :
xend_tries=0
until xm list >"$run_dir/xend.out" 2>&1 </dev/null; do
	xend_tries=$((xend_tries + 1))
	if [ "$xend_tries" -ge 40 ]; then
		privileged || refuse NotDom0 "xend does not answer: $(tail -n 1 "$run_dir/xend.out")"
		echo "xend does not answer after its restart: $(tail -n 3 "$run_dir/xend.out")" >&2
		exit 1
	fi
	sleep 1
done
rm -f "$mark"
finish_with configured
