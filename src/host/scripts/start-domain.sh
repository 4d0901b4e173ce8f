#!/bin/sh
# Starts a domain from /var/lib/xensan/domains/UUID.cfg under the lease of its images and the exclusive lock file on the
# shared file system, unless it is on this host already. The caller must know that it is on no other host: lease
# and lock file are additional guards.
# changes: starts the domain, with its lock file on the shared file system and a small process that holds the lease of its images (/run/xensan/leases)
# undo: set powerState: Halted
# Arguments: OWNER UUID NAME DIGEST LOCKDIR MOUNTPOINT FSUUID HOST BOOT, then any number of bootfile=GLOB, bridge=GLOB,
#   cdrom=GLOB and setting=KEY or setting=KEY=VALUE, and share=FSUUID:MOUNTPOINT of each file system that may hold its images.
#   DIGEST      sha256 of the intended configuration
#   HOST BOOT   a lock file of this holder may be taken over (- and - for none)
# Prints done<TAB>started id N or done<TAB>running id N.
# Exit codes: 0 done, 3 refused (DomainTaken DomainNameTaken DomainLocked DomainMigrating DomainStateDiffers NotMounted
# ConfigurationDiffers NoMemory BridgeMissing BridgeOutsideBounds BootFileMissing BootFileOutsideBounds SettingOutsideBounds ImageOutsideBounds
# ImageMissing ImageChanged ImageForeign ImageInUse ImageLeased LeaseUnsupported SourceNotTemplate SourceInUse SourceMissing StartFailed
# HostGoingDown InvalidArgument ToolMissing NotDom0), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: xen.sh
# include: xen-processes.sh
# include: mounted.sh
# include: domain-lock.sh
# include: domain-configuration.sh
# include: domain-bounds.sh
# include: images.sh
# include: lease.sh
# include: going-down.sh

owner=$1 uuid=$2 name=$3 digest=$4 lock_dir=$5 mount_point=$6 filesystem=$7 old_host=$8 old_boot=$9
shift 9
file=$state_dir/domains/$uuid.cfg
lock=$lock_dir/$uuid.lock

require_toolstack
take_lock "domain-$uuid" 30
find_domain "$uuid"
if [ "$domain_count" -gt 1 ]; then refuse DomainStateDiffers "$domain_count domains of this host have the UUID $uuid"; fi
# Also finds a create that outlived the command that began it.
! at_work 'create|restore|start|rename' "$file" "$run_dir/$uuid.cfg" || refuse DomainMigrating "process $work_pid ($work_verb) is building the domain"
if [ "$domain_count" = 1 ]; then
	[ "$domain_name" = "$name" ] || refuse DomainMigrating "$(domain_text)"
	! at_work 'migrate|save|suspend' "$domain_id" "$name" || refuse DomainMigrating "process $work_pid ($work_verb) is moving the domain"
	domain_runs || refuse DomainStateDiffers "$(domain_text)"
	require_mounted "$mount_point" "$filesystem"
	# The domain runs here, so the holder of the lock does not run it, or the damage is already done.
	claim_domain "$lock" "$owner" "$old_host" "$old_boot"
	finish "running id $domain_id"
fi
for taken in "$name" "$name--incoming" "$name--migratedaway"; do
	! named "$taken" "$uuid" || refuse DomainNameTaken "another domain of this host, id $row_id, is called $taken"
done

! going_down || refuse HostGoingDown "this host is shutting down or rebooting"
[ -f "$file" ] || refuse ConfigurationDiffers "there is no $file"
# A copy, so that the checked file is the one that is started, even if the file changes meanwhile.
cp "$file" "$run_dir/$uuid.cfg"
leased=
tidy() {
	[ -z "$leased" ] || end_lease "$uuid"
	rm -f "$run_dir/$uuid.cfg" "$run_dir/$uuid.rows" "$run_dir/$uuid.err" "$run_dir/$uuid.images"
}
at_exit tidy
[ "$(sha256sum <"$run_dir/$uuid.cfg")" = "$digest  -" ] || refuse ConfigurationDiffers "$file is not the expected configuration"
configuration_rows "$run_dir/$uuid.cfg" >"$run_dir/$uuid.rows"

# share_of IMAGE ARGUMENT…: sets share to the FSUUID:MOUNTPOINT among the arguments that contains the image.
share_of() {
	share_image=$1
	shift
	for share; do
		case $share in share=*) share=${share#share=} ;; *) continue ;; esac
		case $share_image in "${share#*:}"/?*) return 0 ;; esac
	done
	refuse ImageOutsideBounds "$share_image is not on a shared file system of the domain"
}

# contained IMAGE ARGUMENT…: refuses unless it is on one of the shares, not behind a symbolic link or another mount.
contained() {
	share_of "$@"
	require_mounted "${share#*:}" "${share%%:*}"
	image_place "$1" "${share#*:}"
	[ ! -L "$image_real" ] || refuse ImageForeign "$1 is a symbolic link"
	[ ! -e "$image_real" ] || [ -f "$image_real" ] || refuse ImageForeign "$1 is not a regular file"
}

named_as='' identified_as='' memory=0
while read -r kind value; do
	case $kind in
	name) named_as=$value ;;
	uuid) identified_as=$value ;;
	memory) memory=$value ;;
	file)
		plain_path "$value"
		within bootfile "$value" "$@" || refuse BootFileOutsideBounds "$value is not in allowed.bootFiles"
		[ -f "$value" ] || refuse BootFileMissing "there is no file $value"
		real=$(resolve "$value")
		within bootfile "$real" "$@" || refuse BootFileOutsideBounds "$value resolves to $real, which is not in allowed.bootFiles"
		;;
	bridge)
		within bridge "$value" "$@" || refuse BridgeOutsideBounds "$value is not in allowed.bridges of the XenHost; add $value to it to allow this"
		if [ ! -d "/sys/class/net/$value" ]; then refuse BridgeMissing "there is no bridge $value"; fi
		[ -d "/sys/class/net/$value/bridge" ] ||
			refuse BridgeMissing "$value is an interface but not a Linux bridge; an Open vSwitch bridge needs switch: OpenVSwitch"
		;;
	ovs-bridge)
		within bridge "$value" "$@" || refuse BridgeOutsideBounds "$value is not in allowed.bridges of the XenHost; add $value to it to allow this"
		[ -x /etc/xen/scripts/vif-openvswitch ] || refuse BridgeMissing "this host has no /etc/xen/scripts/vif-openvswitch"
		limited 10 ovs-vsctl --timeout=5 br-exists "${value%%.*}" 2>/dev/null </dev/null 9>&- ||
			refuse BridgeMissing "Open vSwitch has no bridge ${value%%.*}"
		;;
	setting)
		allows_setting "$value" "$@" ||
			refuse SettingOutsideBounds "$value is not in allowed.settings of the XenHost; add $value to it to allow this"
		;;
	image | read) contained "$value" "$@" ;;
	cdrom)
		contained "$value" "$@"
		within cdrom "$value" "$@" || refuse SourceNotTemplate "$value matches none of the templates of its file system"
		[ ! -e "$image_record" ] || refuse SourceInUse "$value was made for a domain"
		[ -f "$image_real" ] || refuse SourceMissing "there is no regular file $value"
		;;
	*) refuse InvalidArgument "$file: not supported: $value" ;;
	esac
done <"$run_dir/$uuid.rows"
[ "$named_as $identified_as" = "$name $uuid" ] ||
	refuse ConfigurationDiffers "$file is for the domain $named_as $identified_as, not $name $uuid"

require_declarer "$owner" "$uuid"
require_mounted "$mount_point" "$filesystem"
# Checked again right before the start: these are the recorded files, and they are not in use.
while read -r kind value; do
	case $kind in
	image | read)
		share_of "$value" "$@"
		require_image "$owner" "$uuid" "$value" "${share#*:}"
		;;
	esac
done <"$run_dir/$uuid.rows"
case $lock_dir in "$mount_point"/*) ;; *) refuse InvalidArgument "$lock_dir is not below $mount_point" ;; esac
# The lease also ends by itself if the domain does not appear.
sed -n 's/^image /write /p; /^read /p' "$run_dir/$uuid.rows" >"$run_dir/$uuid.images"
take_lease "$uuid" alone 120 "$lock" <"$run_dir/$uuid.images"
leased=yes
claim_domain "$lock" "$owner" "$old_host" "$old_boot"

leased='' code=0
# All output goes to a file: the daemon that waits for the domain's end stays and must not inherit our descriptors.
if [ "$toolstack" = xl ]; then
	xl create -q "$run_dir/$uuid.cfg" >"$run_dir/$uuid.err" 2>&1 </dev/null 9>&- || code=$?
else
	xm create -q "$run_dir/$uuid.cfg" >"$run_dir/$uuid.err" 2>&1 </dev/null 9>&- || code=$?
fi
# The exit code is only a hint: what counts is whether the domain exists.
find_domain "$uuid"
tries=0
while [ "$code" != 0 ] && [ "$domain_count" != 0 ] && [ "$tries" -lt 10 ]; do
	tries=$((tries + 1))
	sleep 1
	find_domain "$uuid"
done
said=$(grep -v '^Parsing config' "$run_dir/$uuid.err" | grep -v -e 'Non-existant domain' -e 'Unable to destroy guest' -e 'Destruction of domain failed' |
	tr '\n' ' ' | head -c 600 || :)
if [ "$domain_count" = 0 ]; then
	release_domain "$lock"
	end_lease "$uuid"
	case $said in
	*'Cannot allocate memory'* | *'Out of memory'* | *'failed to free memory'* | *'not enough'*memory* | *'Not enough'*memory*)
		refuse NoMemory "not enough memory for $name, which needs $memory MiB: $said"
		;;
	*) refuse StartFailed "${said:-the toolstack printed nothing (exit $code), and the domain does not exist}" ;;
	esac
fi
if [ "$code" != 0 ] || [ "$domain_name" != "$name" ] || [ "$domain_count" != 1 ]; then
	# The domain may exist, so the lock stays.
	refuse DomainStateDiffers "the start failed, but $(domain_text): $said"
fi
finish "started id $domain_id"
