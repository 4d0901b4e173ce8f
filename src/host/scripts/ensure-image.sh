#!/bin/sh
# Ensures that an image file of at least the given size exists on a shared file system: creates it sparse, copies it from
# another image (at once if the file system shares blocks, otherwise in the background with its progress in the probe), or
# grows it. Never shrinks or replaces an image, and creates none under a name that an image had before.
# changes: the image file of a disk on the shared file system, and its record in .xensan/images there
# undo: delete the XenDomain with deletionPolicy: Delete
# Arguments: OWNER UUID PATH MOUNTPOINT FSUUID BYTES SOURCE RECORDED FOUND REPLACES, then GLOB… of what may be copied, relative to MOUNTPOINT.
#   UUID       of the domain
#   SOURCE     - for none
#   RECORDED   `INODE BIRTH` of the image when it was seen before; - if it never was
#   FOUND      yes: a file that xensan did not create for OWNER may be the image; otherwise no
#   REPLACES   `INODE BIRTH` of a recorded image whose replacement a person approved, - for none
# Prints done<TAB>created, copying (run it again), copied, grown, recorded or unchanged.
# Exit codes: 0 done, 3 refused (NotMounted ImageForeign ImageMissing ImageChanged ImageInUse SourceMissing SourceNotTemplate SourceInUse SourceLarger NoSpace ReadOnlyFileSystem InvalidArgument), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: xen.sh
# include: mounted.sh
# include: images.sh
# include: template.sh

owner=$1 uuid=$2 asked=$3 mount_point=$4 filesystem=$5 bytes=$6 source=$7 known=$8 may_find=$9 replaces=${10}
shift 10
take_lock images 40
require_mounted "$mount_point" "$filesystem"
image_place "$asked" "$mount_point"

room_for() {
	free=$(df -P -k "$mount_point" 2>/dev/null | awk 'NR == 2 { print $4 }')
	if [ -n "$free" ] && [ "$(($1 / 1024))" -gt "$free" ]; then
		refuse NoSpace "$asked needs $(($1 / 1024)) KiB and its file system has $free KiB left"
	fi
}

# extend FILE: one zero byte at the new end, which is beyond the old one: nothing can shrink or be overwritten.
extend() {
	dd if=/dev/zero of="$1" bs=1 count=1 seek="$((bytes - 1))" conv=notrunc,fsync 2>&1
}

# publish FILE: makes it the image if it is still the file that this run created, and there is no image yet. The record
# comes first: a crash may leave a record of an image that was about to be made, but never an image that xensan made and
# would not delete.
publish() {
	[ "$(inode_and_birth "$1")" = "$created" ] || refuse ImageForeign "$1 was replaced while it was written"
	if [ -e "$image_real" ] || [ -L "$image_real" ]; then
		# Its record is not ours to write.
		rm -f "$1"
		refuse ImageForeign "$asked appeared while it was being created"
	fi
	record_image "$owner" "$uuid" Making "$1"
	chmod 600 "$1"
	ln "$1" "$image_real" 2>/dev/null || {
		rm -f "$1"
		refuse ImageForeign "$asked appeared while it was being created"
	}
	rm -f "$1"
	flush_directory "${image_real%/*}"
	record_image "$owner" "$uuid" Made "$image_real"
}

# read_kept_record: as read_image_record, but fails for a record of this owner whose image a user gave up.
read_kept_record() {
	read_image_record "$image_record" || return 1
	[ "$record_inode" != "$replaces" ] || ! same_declarer "$record_owner" "$owner"
}

# adopt_image: records that the existing file is this domain's; sets adopted to recorded or unchanged.
adopt_image() {
	adopted=recorded
	if read_kept_record; then
		[ "$record_inode" = "$is" ] ||
			refuse ImageChanged "$asked is inode $is, but was recorded as inode $record_inode for $record_owner"
		if same_declarer "$record_owner" "$owner" && { [ -z "$record_uuid" ] || [ "$record_uuid" = "$uuid" ]; }; then
			# A run was interrupted after the file got its name and before the record was updated.
			if [ "$record_origin" = Making ]; then record_origin=Made; fi
			if [ "$record_owner $record_uuid" = "$owner $uuid" ] && [ "$(sed -n 5p "$image_record")" = "$record_origin" ]; then
				adopted=unchanged
				return 0
			fi
			record_image "$owner" "$uuid" "$record_origin" "$image_real"
			return 0
		fi
		[ "$may_find" = yes ] || refuse ImageForeign "$asked is recorded for $record_owner, domain ${record_uuid:-unknown}"
	elif [ "$known" = - ]; then
		[ "$may_find" = yes ] || refuse ImageForeign "$asked exists, but xensan did not create it"
	fi
	record_origin=Found
	record_image "$owner" "$uuid" Found "$image_real"
}

if [ -e "$image_real" ] || [ -L "$image_real" ]; then
	if [ -L "$image_real" ] || [ ! -f "$image_real" ]; then refuse ImageForeign "$asked is not a regular file"; fi
	size=$(stat -c %s -- "$image_real")
	is=$(inode_and_birth "$image_real")
	# A file that exists again is not given up.
	[ "$is" != "$replaces" ] || replaces=-
	[ "$known" = - ] || [ "$known" = "$is" ] || refuse ImageChanged "$asked is inode $is, but was recorded as inode $known"
	adopt_image
	if [ "$size" -ge "$bytes" ]; then
		work_alive "$image_work.pid" || rm -f "$image_copy" "$image_work.pid" "$image_work.err"
		finish "$adopted"
	fi
	[ "$record_origin" = Made ] ||
		refuse ImageForeign "$asked has $size bytes instead of $bytes, and xensan did not create it"
	room_for 1048576
	error=$( (: 8<>"$image_real") 2>&1) || refuse_write "$asked" "$error"
	exec 8<>"$image_real"
	[ "$(stat -L -c %i /proc/self/fd/8)" = "$(stat -c %i -- "$image_real")" ] || refuse ImageForeign "$asked was replaced during the check"
	error=$(extend /proc/self/fd/8) || refuse_write "$asked" "$error"
	finish grown
fi

[ "$known" = - ] || refuse ImageMissing "$asked is missing; it was recorded as inode $known"
if read_kept_record && [ "$record_origin" != Making ]; then
	refuse ImageMissing "$asked is missing; it was recorded as inode $record_inode for $record_owner"
fi
# Whatever is asked for now: its file is not to be taken away from under a copy.
if work_alive "$image_work.pid"; then finish copying; fi
if [ "$source" != - ]; then
	# The error of a failed copy that this host began is reported once; then the copy begins again.
	if [ -s "$image_work.err" ]; then
		error=$(cat "$image_work.err")
		rm -f "$image_work.err" "$image_work.pid" "$image_copy"
		refuse_write "$asked" "$error"
	fi
	case $source in "$mount_point"/?*) plain_path "$source" ;; *) refuse InvalidArgument "$source is not below $mount_point" ;; esac
	! reserved_name "${source#"$mount_point"/}" || refuse InvalidArgument "$source is a name that xensan reserves for itself"
	require_template "$source" "$mount_point" "$@"
	if [ -L "$source" ] || [ ! -f "$source" ]; then refuse SourceMissing "there is no regular file $source"; fi
	[ "$(stat -c %d -- "$source")" = "$image_device" ] || refuse SourceMissing "$source is on another file system than $mount_point"
	size=$(stat -c %s -- "$source")
	[ "$size" -le "$bytes" ] || refuse SourceLarger "$source has $size bytes, more than the $bytes bytes of the image"
	blocks=$(stat -c %b -- "$source")
fi
error=$(mkdir -p "${image_real%/*}" 2>&1) || refuse_write "$asked" "$error"
image_place "$asked" "$mount_point"
mkdir -p "$mount_point/.xensan/images"
chmod 700 "$mount_point/.xensan"
# Left over from a crash or an interrupted copy.
rm -f "$image_copy" "$image_work.pid" "$image_work.err"
error=$( (set -C && : >"$image_copy") 2>&1) || refuse_write "$asked" "$error"
if [ "$(inode_and_birth "$image_copy")" = "$replaces" ]; then
	# The new file reuses the inode of the image that was given up, so it would count as given up, too.
	mv -f "$image_copy" "$image_copy.same"
	error=$( (: >"$image_copy") 2>&1) || refuse_write "$asked" "$error"
	rm -f "$image_copy.same"
fi
created=$(inode_and_birth "$image_copy")
if [ "$source" = - ]; then
	error=$(extend "$image_copy") || {
		rm -f "$image_copy"
		refuse_write "$asked" "$error"
	}
	publish "$image_copy"
	finish created
fi

if cp --reflink=always "$source" "$image_copy" 2>/dev/null; then
	error=$(if [ "$bytes" -gt "$size" ]; then extend "$image_copy"; else flush "$image_copy"; fi 2>&1) || refuse_write "$asked" "$error"
	publish "$image_copy"
	finish copied
fi
room_for $((blocks * 512))
(
	trap '' HUP
	code=0
	(
		# Keeps holes if cp can.
		if cp --help 2>&1 | grep -q sparse; then cp --sparse=always "$source" "$image_copy"; else cp "$source" "$image_copy"; fi || exit 1
		if [ "$bytes" -gt "$size" ]; then extend "$image_copy"; else flush "$image_copy"; fi || exit 1
		publish "$image_copy"
	) >"$image_work.out" 2>&1 || code=$?
	if [ "$code" != 0 ]; then
		# Another run may have created a file of this name since.
		[ "$(inode_and_birth "$image_copy" 2>/dev/null)" != "$created" ] || rm -f "$image_copy"
		echo "the copy ended with exit code $code" >>"$image_work.out"
		mv "$image_work.out" "$image_work.err"
	fi
	rm -f "$image_work.pid" "$image_work.out"
) >/dev/null 2>&1 </dev/null 9>&- &
record_work "$image_work.pid"
tries=0
while work_alive "$image_work.pid" && [ "$tries" -lt 20 ]; do
	tries=$((tries + 1))
	pause
done
if [ -f "$image_real" ]; then finish copied; fi
if [ -s "$image_work.err" ]; then refuse_write "$asked" "$(cat "$image_work.err")"; fi
finish copying
