# include: backing-identity.sh
# A record for each file and logical volume that xensan made. It is in /var/lib/xensan/backings, named after the
# owner's uid and the path, and contains the path (vg/lv), `inode birth` (- for a logical volume), the owner and the
# identity. The inode and its time of birth distinguish a file from a later one of the same name.

record_of() {
	echo "$state_dir/backings/${1##* }.$(printf '%s' "$2" | cksum | tr -d ' ')"
}

# birth is 0 where the file system or stat does not report it.
inode_and_birth() {
	inode=$(stat -c %i -- "$1")
	birth=$(stat -c %W -- "$1" 2>/dev/null || echo 0)
	case $birth in '' | *[!0-9]*) birth=0 ;; esac
	echo "$inode $birth"
}

# record_backing OWNER PATH FILE: records FILE before it gets the name PATH.
record_backing() {
	record_text=$(printf '%s\n%s\n%s\n%s\n' "$2" "$(inode_and_birth "$3")" "$1" "$(backing_identity_of "$3")")
	printf '%s\n' "$record_text" | replace_file "$(record_of "$1" "$2")" 600
}

# record_volume OWNER VG/LV
record_volume() {
	volume_identity=$(backing_identity_of "/dev/$2")
	[ -n "$volume_identity" ] || {
		echo "/dev/$2 does not exist" >&2
		exit 1
	}
	printf '%s\n-\n%s\n%s\n' "$2" "$1" "$volume_identity" | replace_file "$(record_of "$1" "$2")" 600
}

# known_before PATH REPLACES: sets known_identity to the identity that was recorded under this name when it was created
# or served here, unless it is REPLACES, whose replacement a user approved; fails if there is none.
known_before() {
	for known_record in "$state_dir"/backings/* "$state_dir"/exports/*; do
		[ -f "$known_record" ] || continue
		case $known_record in
		*/exports/*) { IFS= read -r known_identity && IFS= read -r known_path; } <"$known_record" || continue ;;
		*) { IFS= read -r known_path && read -r _ && read -r _ && IFS= read -r known_identity; } <"$known_record" || continue ;;
		esac
		# A logical volume is served under its path.
		case $known_path in "$1" | "/dev/$1") ;; *) continue ;; esac
		if [ "$known_identity" != "$2" ]; then return 0; fi
	done
	return 1
}

# forget_replaced PATH IDENTITY: removes the records of IDENTITY under this name, after a user approved its
# replacement.
forget_replaced() {
	for known_record in "$state_dir"/backings/*; do
		{ IFS= read -r known_path && read -r _ && read -r _ && IFS= read -r known_identity; } 2>/dev/null <"$known_record" || continue
		if [ "$known_path" = "$1" ] && [ "$known_identity" = "$2" ]; then rm -f "$known_record"; fi
	done
}

# recorded RECORD OWNER PATH FILE: FILE is the same file that was made as PATH for OWNER.
recorded() {
	{
		IFS= read -r recorded_path
		IFS= read -r recorded_inode
		IFS= read -r recorded_owner
	} 2>/dev/null <"$1" || return 1
	[ "$recorded_path" = "$3" ] && [ "$recorded_owner" = "$2" ] && [ "$recorded_inode" = "$(inode_and_birth "$4")" ]
}
