# lvm_field vgs|lvs FIELD NAME: sets lvm_value, sizes in bytes; fails if there is no such group or volume, and ends the
# script if LVM fails. Do not call it in $( ): the difference would be lost.
lvm_field() {
	# LVM prints warnings on stderr even with exit code 0. Each process has its own file: several may run LVM at once.
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

# volume_in_bounds GROUP NAME GLOB…: refuses unless a glob matches GROUP/NAME or /dev/GROUP/NAME.
volume_in_bounds() {
	volume_group=$1
	volume_name=$2
	shift 2
	in_bounds "$volume_group/$volume_name" "$@" || in_bounds "/dev/$volume_group/$volume_name" "$@" ||
		refuse BackingOutsideBounds "$volume_group/$volume_name is not in allowedBackings"
}

# owner_tag OWNER: prints `namespace/name uid` as an LVM tag, which cannot contain a space.
owner_tag() {
	echo "xensan:${1% *}:${1##* }"
}
