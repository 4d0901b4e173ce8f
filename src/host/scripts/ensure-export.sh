#!/bin/sh
# Ensures that exactly one vblade serves a backing at shelf.slot on an interface, now and after a reboot, and records
# the identity of the backing and of the network card: no others are ever used for it, whatever their names.
# changes: /etc/vblade.conf.d/NAME.conf, or a line of /etc/inittab, and the vblade that it starts; vblade.service is enabled
# undo: delete the AoeVolume, then systemctl disable vblade.service
# changes: /etc/systemd/system/vblade@.service.d/xensan.conf and /var/lib/xensan/guard, which checks backing and card before each start
# undo: rm both, then systemctl daemon-reload, when no export of xensan is left
# changes: /var/lib/xensan/exports/NAME: the identity of the backing, and the MAC address of the interface
# undo: delete the AoeVolume
# Arguments: OWNER SHELF SLOT INTERFACE BACKING OPTIONS RESTART RECORDED REPLACES INTERFACES GLOB…
#   OPTIONS   vblade's options as one word list, may be empty
#   RESTART   forbidden, ifneeded (a running vblade that differs is replaced) or always (it is replaced)
#   RECORDED  identity of the backing that the caller has recorded (backing-identity.sh), - for none
#   REPLACES  identity of a recorded backing whose replacement a person approved, - for none
#   INTERFACES  interfaces on which the owner of the host allows exports, one word NAME=SEGMENT each
# Prints done<TAB>WORD pid N, where WORD is started, restarted, adopted, repaired or unchanged. `adopted` wrote only the
# owner's mark; `repaired` wrote the configuration of a vblade that already ran as asked.
# Exit codes: 0 done, 3 refused (Backing… AddressTaken RestartForbidden ExportFailed InterfaceMissing InterfaceChanged InterfaceOutsideBounds ToolMissing
# UnitMissing InitNotSupported ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: exports.sh
# include: keepalive.sh
# include: unconfigured-records.sh
# include: writers.sh

owner=$1
shelf=$2
slot=$3
net=$4
asked=$5
options=$6
restart=$7
shift 7
recorded_by_caller=$1
replaces=$2
interfaces=$3
shift 3

case $shelf$slot in *[!0-9]*) refuse InvalidArgument "shelf $shelf and slot $slot must be numbers" ;; esac
# sh, systemd and init read this, so no character may be special to one of them.
case $asked$options$net in *[!A-Za-z0-9/._+:@=,\ -]*) refuse InvalidArgument "$asked $options $net contains a character that is not allowed in configuration files" ;; esac
case $asked in *\ *) refuse InvalidArgument "$asked contains a space" ;; esac
have vblade || refuse ToolMissing "the package vblade is not installed"
segment=$(segment_on "$net" "$interfaces")
[ -n "$segment" ] || refuse InterfaceOutsideBounds "$net is not in the server's interfaces ($interfaces)"
[ -d "/sys/class/net/$net" ] || refuse InterfaceMissing "no interface $net; there are: $(cd /sys/class/net && echo *)"
take_lock storage 40
find_init
require_keepalive
require_backing "$asked" "$@"
require_named "$asked" "$@"
options=$(canonical_options "$options")
address="e$shelf.$slot on $net"

# Finds what is configured and running at this address, and which other export has this backing.
read_exports
kind='' name='' configured='' marked='' running='' running_count=0 matching='' served=''
while IFS='	' read -r row_kind row_name row_owner row_shelf row_slot row_net row_file row_options row_identity; do
	if [ "$row_shelf.$row_slot.$row_net" = "$shelf.$slot.$net" ]; then
		same=no
		if [ "$row_identity" = "$backing_identity" ] && [ "$row_options" = "$options" ]; then same=yes; fi
		if [ "$row_kind" = process ]; then
			running=$row_name
			running_count=$((running_count + 1))
			matching=$same
			served=$row_file
		else
			[ -z "$kind" ] || refuse AddressTaken "$address is configured twice: $kind $name and $row_kind $row_name"
			kind=$row_kind
			name=$row_name
			configured=$same
			marked=$row_owner
			[ "$row_file" = "$backing_configured" ] || [ "$row_owner" != "$owner" ] || configured=no
		fi
		continue
	fi
	if [ "$row_shelf.$row_slot" = "$shelf.$slot" ]; then
		# The segment of an interface that is not listed is unknown.
		row_segment=$(segment_on "$row_net" "$interfaces")
		case $row_segment in
		'' | "$segment")
			refuse AddressTaken "e$shelf.$slot is also served on $row_net, which may be on segment $segment, by $row_kind $row_name (owner $row_owner)"
			;;
		esac
	fi
	case " $backing_identity $backing_related " in
	*" $row_identity "*)
		refuse BackingExported "$asked overlaps with $row_file, which $row_kind $row_name serves as e$row_shelf.$row_slot on $row_net (owner ${row_owner})"
		;;
	esac
done <"$run_dir/exports.list"

[ "$running_count" -le 1 ] || refuse AddressTaken "$running_count vblades serve $address at once"
case $marked in
"$owner") ;;
'' | -)
	# Without a mark: ours only if it has exactly these parameters.
	[ -z "$kind" ] || [ "$configured" = yes ] || refuse AddressTaken "$address is configured as $kind $name, with other parameters, not by xensan"
	[ -n "$kind" ] || [ -z "$running" ] || [ "$matching" = yes ] ||
		refuse AddressTaken "$address is served by process $running with $served and other parameters, not by xensan"
	;;
*) refuse AddressTaken "$address belongs to $marked" ;;
esac
# Another program that starts it would start a second vblade at the next boot.
starter=$(started_elsewhere "$shelf" "$slot")
[ -z "$starter" ] || refuse AddressTaken "$starter also starts a vblade for e$shelf.$slot: remove that line and leave the vblade running"
# Compares the backing itself, not its name: this export may have only the one that was recorded here or by the caller.
# Without its configuration, what is recorded for this owner still counts.
recorded='' recorded_here=''
if [ -z "$kind" ]; then
	for left in $(unconfigured_records "$owner"); do
		recorded_export "$left"
		recorded_here="$recorded_here $recorded"
	done
	recorded='' recorded_card=''
else
	recorded_export "$name"
	recorded_here=$recorded
fi
for known in $recorded_here "$recorded_by_caller"; do
	case $known in '' | - | "$replaces") continue ;; esac
	same_backing "$known" "$backing_durable" ||
		refuse BackingChanged "$asked is now $backing_durable, but $address is recorded as serving $known"
done
moved=$(card_moved "$net" "$recorded_card" "$exports_dir")
[ -z "$moved" ] ||
	refuse InterfaceChanged "$net is not the interface on which $address was recorded: $moved. Give the cards their names again (systemd.link), or, if the cables have moved with the names, remove the records $exports_dir/*"
if [ "$init" = sysvinit ] && [ -n "$kind" ] && ! is_guarded "$name"; then configured=no; fi
# A client may have written a signature to a backing that is already served.
if [ -z "$kind$running" ]; then require_unclaimed "$asked" "$@"; fi
if [ -z "$running" ]; then require_unwritten "$asked"; fi
word=unchanged
if [ -n "$running" ] && [ "$matching" = no ] && [ "$restart" = forbidden ]; then
	refuse RestartForbidden "process $running serves $address with $served or other options; restarting it is not allowed now"
fi

# init would start a second vblade next to one that it does not know.
if [ "$init" = sysvinit ] && [ -z "$kind" ] && [ -n "$running" ]; then
	[ "$restart" != forbidden ] ||
		refuse RestartForbidden "process $running serves $address, and init does not start it; init can take it over only by a restart"
	end_vblade "$running"
	running=
fi

# The configuration comes first: a reboot from here on starts the wanted export.
if [ -z "$kind" ]; then
	name=$(keepalive_name)
	configured=no
fi
ensure_guard
card_of "$net"
if [ "$recorded $recorded_card" != "$backing_durable $net $card" ]; then record_export "$name" "$backing_durable" "$backing_configured" "$owner" "$net $card"; fi
[ -n "$kind" ] || forget_unconfigured "$owner" "$name"
if [ "$configured" = no ] || [ "$marked" != "$owner" ]; then
	keepalive_write "$configured"
	word=repaired
	if [ -n "$running" ] && [ "$marked" != "$owner" ]; then word=adopted; fi
fi
keepalive_at_boot

kept=$(keepalive_pid)
if [ -z "$running" ]; then
	keepalive_start
	word=started
elif [ "$matching" = no ] || [ "$restart" = always ] || { [ "$restart" != forbidden ] && [ "$kept" != "$running" ]; }; then
	# Also replaces a vblade that nothing would restart, once it may be replaced.
	[ "$kept" = "$running" ] || end_vblade "$running"
	keepalive_restart
	word=restarted
fi
keepalive_verify
finish "$word pid $running"
