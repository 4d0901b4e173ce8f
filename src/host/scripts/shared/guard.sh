#!/bin/sh
# revision 2
# Lets vblade serve a backing only when backing and network card are those that xensan recorded for this export: disks and
# cards swap their names at a boot, and a directory may not be mounted yet. Runs before every start, by systemd or init,
# also while the operator is down. Hosts get a changed guard with a new revision only.
# Arguments: NAME [COMMAND…]: the name of the export's record, which is its vblade@ instance or its id in inittab; what to
# run when the backing is the right one. An export without a record is not xensan's: it is not judged.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# include: backing-identity.sh
# include: interface-card.sh

# configured KEY: prints its value in the configuration of the instance.
configured() {
	sed -n "s/^[ \t]*$1=//p" "/etc/vblade.conf.d/$name.conf" | tail -n 1 | tr -d "\"' \t"
}

name=$1
shift
records=/var/lib/xensan/exports
record=$records/$name
if [ -e "$record" ]; then
	recorded='' path='' recorded_card=''
	{ IFS= read -r recorded && IFS= read -r path && IFS= read -r _ && IFS= read -r recorded_card; } <"$record"
	# What vblade is about to open: the configuration may have changed since the record was written.
	net='' served=''
	if [ $# = 0 ]; then
		served=$(configured filename)
		net=$(configured netif)
	else
		for word; do
			net=$served
			served=$word
		done
	fi
	path=${served:-$path}
	now=$(backing_identity_of "$path")
	moved=$(card_moved "$net" "$recorded_card" "$records")
	why=
	if [ -z "$recorded" ] || ! same_backing "$recorded" "$now"; then
		why="$path is ${now:-missing}, recorded for $name was ${recorded:-nothing}"
	elif [ -n "$moved" ]; then
		why="$net is not the interface that was recorded for $name: $moved"
	fi
	if [ -n "$why" ]; then
		echo "xensan: $why: it is not served" >&2
		# init stops restarting a process for five minutes if it ends ten times within two minutes.
		[ $# = 0 ] || sleep 20
		exit 1
	fi
fi
[ $# = 0 ] || exec "$@"
