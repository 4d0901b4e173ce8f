#!/bin/sh
# Exports COUNT image files of this host. Arguments: SHELF COUNT.
set -eu
shelf=$1 slot=0
mkdir -p /srv/plain
while [ "$slot" -lt "$2" ]; do
	slot=$((slot + 1))
	file=/srv/plain/$slot.img configuration=/etc/vblade.conf.d/plain$slot.conf
	[ -e "$file" ] || truncate -s 16M "$file"
	wanted=$(printf '%s\n' "shelf=$shelf" "slot=$slot" netif=eth0 "filename=$file" options=-s)
	if [ ! -e "$configuration" ] || [ "$(cat "$configuration")" != "$wanted" ]; then
		printf '%s\n' "$wanted" >"$configuration"
	fi
	systemctl --quiet is-enabled "vblade@plain$slot" 2>/dev/null || systemctl --quiet enable "vblade@plain$slot"
	systemctl --quiet is-active "vblade@plain$slot" || systemctl start "vblade@plain$slot"
done
