#!/bin/sh
# Ensures that the owner's export is stopped, and then that its configuration is gone. An export that is written to stays.
# changes: stops a vblade that ensure-export started, and removes its configuration (or its line of /etc/inittab) and record
# undo: create the AoeVolume again
# Arguments: OWNER SHELF SLOT INTERFACE
# Prints done<TAB>removed or done<TAB>absent. An export of another owner at that address is not touched: absent.
# Exit codes: 0 done, 3 refused (BackingWritten, ExportFailed when it does not stop, ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: exports.sh
# include: inittab.sh
# include: stop.sh
# include: export-record.sh
# include: unconfigured-records.sh
# include: writes.sh

owner=$1
shelf=$2
slot=$3
net=$4
take_lock storage 40

# find_ours: sets how the owner's export at this address is configured, under which name, and the processes that serve
# it with what they serve, one path a line.
find_ours() {
	read_exports
	kind='' name='' parameters='' pids='' served='' main=0
	while IFS='	' read -r row_kind row_name row_owner row_shelf row_slot row_net row_file row_options row_identity; do
		[ "$row_shelf.$row_slot.$row_net" = "$shelf.$slot.$net" ] || continue
		case $row_kind in
		process)
			# It runs with the owner's parameters, or is the unit's process from before its configuration was edited.
			[ "$row_file $row_options" = "$parameters" ] || [ "$row_name" = "$main" ] || continue
			pids="$pids $row_name"
			served="$served$row_file
"
			;;
		*)
			[ "$row_owner" = "$owner" ] || continue
			kind=$row_kind
			name=$row_name
			parameters="$row_file $row_options"
			[ "$kind" != conf ] || main=$(systemctl show -p MainPID --value "$(unit_of "$name")" </dev/null)
			;;
		esac
	done <"$run_dir/exports.list"
}

find_ours
if [ -z "$kind" ]; then
	# Its configuration is gone already: a later volume of this name may have another backing.
	forget_unconfigured "$owner" ''
	finish absent
fi
while IFS= read -r file; do
	# An export whose backing is gone cannot be written to.
	if [ -e "$file" ]; then require_silent "$file" "e$shelf.$slot on $net"; fi
done <<-END
	$served
END
# The export is stopped first: without its configuration it cannot be stopped.
case $kind in
conf)
	unit=$(unit_of "$name")
	systemctl stop "$unit" >&2 9>&-
	# Its process may still run with an older configuration.
	main=$(systemctl show -p MainPID --value "$unit")
	[ "$main" = 0 ] || refuse ExportFailed "$unit does not stop: process $main is still running"
	;;
inittab)
	inittab_without "$name" | inittab_replace
	;;
esac
for pid in $pids; do end_vblade "$pid"; done
case $kind in
conf)
	error=$(rm -f "/etc/vblade.conf.d/$name.conf" 2>&1) || refuse_write "/etc/vblade.conf.d/$name.conf" "$error"
	flush_directory /etc/vblade.conf.d
	systemctl reset-failed "$unit" 2>/dev/null || :
	# Otherwise a restart of vblade.service would start the instance that the generator made at boot, in an endless loop.
	systemctl daemon-reload
	;;
esac
removed=$name
find_ours
[ -z "$kind$pids" ] || refuse ExportFailed "the export still exists: $kind $name$pids"
forget_export "$removed"
forget_unconfigured "$owner" ''
finish removed
