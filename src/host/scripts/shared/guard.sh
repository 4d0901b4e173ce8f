#!/bin/sh
# Lets vblade open a backing only when it is the one that xensan recorded for this export: devices swap their names at a boot,
# and a directory may not be mounted yet. Runs before every start, by systemd or init, also while the operator is down.
# Arguments: NAME [COMMAND…]: the name of the export's record, which is its vblade@ instance or its id in inittab; what to
# run when the backing is the right one. An export without a record is not xensan's: it is not judged.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# include: backing-identity.sh

name=$1
shift
record=/var/lib/xensan/exports/$name
if [ -e "$record" ]; then
	recorded='' path=''
	{ IFS= read -r recorded && IFS= read -r path; } <"$record"
	# What vblade is about to open: the configuration may have changed since the record was written.
	if [ $# = 0 ]; then
		served=$(sed -n "s/^[ \t]*filename=//p" "/etc/vblade.conf.d/$name.conf" | tail -n 1 | tr -d "\"' \t")
	else
		for served; do :; done
	fi
	path=${served:-$path}
	now=$(backing_identity_of "$path")
	if [ -z "$recorded" ] || ! same_backing "$recorded" "$now"; then
		echo "xensan: $path is ${now:-missing}, recorded for $name was ${recorded:-nothing}: it is not served" >&2
		# init stops restarting a process for five minutes if it ends ten times within two minutes.
		[ $# = 0 ] || sleep 20
		exit 1
	fi
fi
[ $# = 0 ] || exec "$@"
