# lvm_field vgs|lvs FIELD NAME: sets lvm_value, sizes in bytes; fails when there is no such group or volume, and ends the
# script when LVM cannot tell. Not for $( ): there the difference would be lost.
lvm_field() {
	if lvm_value=$("$1" --noheadings --units b --nosuffix -o "$2" "$3" 2>"$run_dir/lvm.err" </dev/null 9>&-); then
		lvm_value=$(printf '%s' "$lvm_value" | tr -d ' ')
		return 0
	fi
	if grep -qE 'not found|Failed to find' "$run_dir/lvm.err"; then return 1; fi
	cat "$run_dir/lvm.err" >&2
	exit 1
}

# volume_in_bounds GROUP NAME GLOB…: as vg/lv, or under one of its paths.
volume_in_bounds() {
	volume_group=$1
	volume_name=$2
	shift 2
	in_bounds "$volume_group/$volume_name" "$@" || in_bounds "/dev/$volume_group/$volume_name" "$@" ||
		refuse BackingOutsideBounds "$volume_group/$volume_name is not in allowedBackings"
}

# `namespace/name uid` as an LVM tag, which takes no space.
owner_tag() {
	echo "xensan:${1% *}:${1##* }"
}
