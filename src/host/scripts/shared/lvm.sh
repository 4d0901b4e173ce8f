# lvm_field vgs|lvs FIELD NAME: sets lvm_value, sizes in bytes; fails when there is no such group or volume, and ends
# the script if LVM fails. Not for $( ): there the difference would be lost.
lvm_field() {
	# Warnings come on stderr, even with exit code 0. The file is this process' own: others may run LVM at the same time.
	lvm_said=$run_dir/lvm.$$
	lvm_code=0
	lvm_value=$("$1" --noheadings --units b --nosuffix -o "$2" "$3" 2>"$lvm_said" </dev/null 9>&-) || lvm_code=$?
	lvm_error=$(cat "$lvm_said")
	rm -f "$lvm_said"
	if [ "$lvm_code" = 0 ]; then
		lvm_value=$(printf '%s' "$lvm_value" | tr -d ' ')
		return 0
	fi
	case $lvm_error in *'not found'* | *'Failed to find'*) return 1 ;; esac
	echo "$lvm_error" >&2
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
