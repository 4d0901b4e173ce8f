# A new logical volume, or an extension of one, before it may be served: $group/$name.xensan-new, filled with zeros, so
# that no client sees what earlier volumes left in its extents. The tag xensan-blank marks it as finished, also after a
# boot.
# The filling process has $staged_work.pid, .done (bytes) and .err. Needs $owner, $group and $name.

# read_staged: sets staged, staged_work, and staged_tags and staged_bytes of the volume; fails when there is none.
read_staged() {
	staged=$name.xensan-new
	staged_work=$run_dir/blank.$group.$staged
	lvm_field lvs lv_tags "$group/$staged" || return 1
	staged_tags=,$lvm_value,
	lvm_field lvs lv_size "$group/$staged" || return 1
	staged_bytes=$lvm_value
}

# staged_is_ours: after read_staged.
staged_is_ours() {
	case $staged_tags in *",$(owner_tag "$owner"),"*) return 0 ;; *) return 1 ;; esac
}

# staged_is_blank: after read_staged.
staged_is_blank() {
	case $staged_tags in *,xensan-blank,*) ;; *) return 1 ;; esac
	rm -f "$staged_work".*
}

# stage_blank BYTES: ensures that $staged has this size and is blank; ends the script with `blanking` until it is.
stage_blank() {
	if read_staged; then
		staged_is_ours || refuse NotOurs "$group/$staged exists already and was not created for $owner"
		[ "$staged_bytes" = "$1" ] || drop_staged
	fi
	if ! read_staged; then
		lvm_field vgs vg_free "$group" || refuse VolumeGroupMissing "no volume group $group"
		[ "$1" -le "$lvm_value" ] || refuse NoSpace "$group/$name needs $1 bytes more and $group has $lvm_value free"
		rm -f "$staged_work".*
		lvcreate -y -W y -Z y -n "$staged" -L "${1}b" --addtag "$(owner_tag "$owner")" "$group" </dev/null >&2 9>&-
		read_staged || exit 1
	fi
	if staged_is_blank; then return 0; fi
	if [ -s "$staged_work.err" ]; then
		# The error is reported once, then blanking starts again.
		staged_error=$(tail -n 1 "$staged_work.err")
		rm -f "$staged_work".*
		refuse BlankingFailed "/dev/$group/$staged: $staged_error"
	fi
	work_alive "$staged_work.pid" || start_blanking
	staged_tries=0
	while work_alive "$staged_work.pid" && [ "$staged_tries" -lt 30 ]; do
		staged_tries=$((staged_tries + 1))
		pause
	done
	read_staged || exit 1
	if staged_is_blank; then return 0; fi
	staged_done=0
	{ read -r staged_done <"$staged_work.done"; } 2>/dev/null || :
	finish "blanking $((staged_done * 100 / staged_bytes))%"
}

start_blanking() {
	# The volume is not active if the last boot did not activate it.
	[ -e "/dev/$group/$staged" ] || lvchange -ay "$group/$staged" >&2 9>&-
	# shellcheck disable=SC2094
	(
		trap '' HUP
		staged_code=0
		fill_with_zeroes "/dev/$group/$staged" "$staged_bytes" && lvchange --addtag xensan-blank "$group/$staged" || staged_code=$?
		if [ "$staged_code" = 0 ]; then
			rm -f "$staged_work.out"
		else
			echo "filling it with zeroes ended with exit code $staged_code" >>"$staged_work.out"
			mv "$staged_work.out" "$staged_work.err"
		fi
		rm -f "$staged_work.pid"
	) >"$staged_work.out" 2>&1 </dev/null 9>&- &
	record_work "$staged_work.pid"
}

# fill_with_zeroes DEVICE BYTES: in pieces, so that it can report its progress and be stopped. If possible, the kernel
# makes the disk write the zeros (BLKZEROOUT), which is much faster.
fill_with_zeroes() {
	staged_at=0
	case $(blkdiscard --help 2>&1) in
	*--force*--zeroout* | *--zeroout*--force*) staged_how='blkdiscard -f' ;;
	*--zeroout*) staged_how=blkdiscard ;;
	*) staged_how='dd' ;;
	esac
	while [ "$staged_at" -lt "$2" ]; do
		staged_piece=$(($2 - staged_at))
		[ "$staged_piece" -le 268435456 ] || staged_piece=268435456
		if [ "$staged_how" = dd ]; then
			staged_block=1048576
			[ $((staged_piece % staged_block)) = 0 ] || staged_block=512
			dd if=/dev/zero of="$1" bs="$staged_block" seek=$((staged_at / staged_block)) count=$((staged_piece / staged_block)) conv=notrunc,fsync || return 1
		else
			$staged_how --zeroout --offset "$staged_at" --length "$staged_piece" "$1" || return 1
		fi
		staged_at=$((staged_at + staged_piece))
		echo "$staged_at" >"$staged_work.done"
	done
	flush "$1"
}

# give_staged: appends its extents to $group/$name. LVM must not discard them in between.
give_staged() {
	staged_ranges=$(lvs --noheadings -o seg_pe_ranges "$group/$staged" </dev/null 9>&-) || exit 1
	lvremove -y --config 'devices/issue_discards=0' "$group/$staged" </dev/null >&2 9>&-
	# shellcheck disable=SC2086,SC2154
	lvextend -l "+$((staged_bytes / extent))" "$group/$name" $staged_ranges </dev/null >&2 9>&-
}

# drop_staged: removes it; the process that fills it ends after the current piece.
drop_staged() {
	! work_alive "$staged_work.pid" || kill "$worker_pid" 2>/dev/null || :
	staged_tries=0
	until lvremove -y "$group/$staged" </dev/null >&2 9>&-; do
		staged_tries=$((staged_tries + 1))
		[ "$staged_tries" -lt 100 ] || refuse BackingInUse "$group/$staged cannot be removed: it is open"
		pause
	done
	rm -f "$staged_work".*
}
