# include: records.sh
# include: domain-owner.sh
# include: image-users.sh
# Image files of domains on a shared file system. Each is recorded on the same file system, where every host sees it:
# MOUNTPOINT/.xensan/images/ holds one file per image, with its path below the mount point, `inode birth`, the owner, the
# UUID of the domain, and its origin: Making (xensan is about to create it), Made, or Found (xensan did not create it;
# never grown, never deleted). Older records have three lines: they count as Made, for any UUID. The name of the file is
# CRC-32 and length of the path; of two paths that share these, the second has the SHA-256 digest of its path instead.

# reserved_name RELATIVE: a part of the path is reserved for xensan (.xensan, a.img.xensan-copy.bella) or for mkfs
# (lost+found).
reserved_name() {
	case /$1/ in
	*/.xensan/* | *.xensan-* | /lost+found/*) return 0 ;;
	*) return 1 ;;
	esac
}

# crc_of TEXT, sha_of TEXT: print its CRC-32 and length without a blank, and its SHA-256 digest.
crc_of() { printf '%s' "$1" | cksum | tr -d ' '; }
sha_of() { printf '%s' "$1" | sha256sum | cut -d ' ' -f 1; }

# image_record_of RELATIVE MOUNTPOINT: prints the file that is or will be the record of the image.
image_record_of() {
	record_short=$2/.xensan/images/$(crc_of "$1")
	record_long=$2/.xensan/images/$(sha_of "$1")
	if read_image_record "$record_short" && [ "$record_path" = "$1" ]; then
		printf '%s\n' "$record_short"
	elif [ -e "$record_short" ] || [ -e "$record_long" ]; then
		printf '%s\n' "$record_long"
	else
		printf '%s\n' "$record_short"
	fi
}

# image_work_of PATH: prints the name of the files about a copy to PATH: that of an older version while its copy runs.
image_work_of() {
	if work_alive "$run_dir/copy.$(crc_of "$1").pid"; then
		printf '%s\n' "$run_dir/copy.$(crc_of "$1")"
	else
		printf '%s\n' "$run_dir/copy.$(sha_of "$1")"
	fi
}

# image_place PATH MOUNTPOINT: sets image_real, image_relative, image_record, image_copy (the file to which this host
# copies) and image_work (of the copying process: $image_work.pid, .out and .err). Refuses if a part of the path is a
# symbolic link or another mount.
image_place() {
	plain_path "$1"
	case $1 in "$2"/?*) ;; *) refuse InvalidArgument "$1 is not below $2" ;; esac
	image_relative=${1#"$2"/}
	! reserved_name "$image_relative" || refuse InvalidArgument "$1 is a name that xensan reserves for itself"
	image_walk=$2
	image_rest=$image_relative
	image_device=$(stat -c %d -- "$2")
	while :; do
		case $image_rest in
		*/*) ;;
		*) break ;;
		esac
		image_walk=$image_walk/${image_rest%%/*}
		image_rest=${image_rest#*/}
		[ ! -L "$image_walk" ] || refuse ImageForeign "$image_walk is a symbolic link"
		[ -e "$image_walk" ] || continue
		[ -d "$image_walk" ] || refuse ImageForeign "$image_walk is not a directory"
		[ "$(stat -c %d -- "$image_walk")" = "$image_device" ] || refuse NotMounted "$image_walk is on another file system than $2"
	done
	image_real=$1
	image_record=$(image_record_of "$image_relative" "$2")
	image_copy=$1.xensan-copy.$(own_name)
	image_work=$(image_work_of "$1")
}

# record_image OWNER UUID ORIGIN FILE: records that FILE is the image, or is about to become it.
record_image() {
	mkdir -p "${image_record%/*}"
	chmod 700 "${image_record%/*/*}"
	record_text=$(printf '%s\n%s\n%s\n%s\n%s\n' "$image_relative" "$(inode_and_birth "$4")" "$1" "$2" "$3")
	printf '%s\n' "$record_text" | replace_file "$image_record" 600
}

# read_image_record FILE: sets record_path, record_inode, record_owner, record_uuid and record_origin; fails without a record.
read_image_record() {
	record_path='' record_inode='' record_owner='' record_uuid='' record_origin=''
	{
		IFS= read -r record_path && IFS= read -r record_inode && IFS= read -r record_owner || return 1
		IFS= read -r record_uuid || :
		IFS= read -r record_origin || :
	} 2>/dev/null <"$1" || return 1
	record_origin=${record_origin:-Made}
}

# require_image OWNER UUID PATH MOUNTPOINT: refuses unless the file of this name is the image that is recorded for this
# domain and is not in use on this host: ImageMissing, ImageChanged, ImageForeign or ImageInUse.
require_image() {
	image_place "$3" "$4"
	require_kept=$image_record
	read_image_record "$require_kept" || refuse ImageForeign "$3 is not recorded as the image of a domain"
	if [ "$record_origin" = Making ]; then refuse ImageMissing "$3 is not finished"; fi
	[ -e "$3" ] || refuse ImageMissing "$3 is missing; it was recorded as inode ${record_inode% *} for $record_owner"
	if [ -L "$3" ] || [ ! -f "$3" ]; then refuse ImageChanged "$3 is no longer a regular file"; fi
	[ "$record_inode" = "$(inode_and_birth "$3")" ] ||
		refuse ImageChanged "$3 is inode $(inode_and_birth "$3"), but was recorded as inode $record_inode for $record_owner"
	same_declarer "$record_owner" "$1" || refuse ImageForeign "$3 is recorded for $record_owner"
	[ -z "$record_uuid" ] || [ "$record_uuid" = "$2" ] || refuse ImageForeign "$3 is recorded for the domain $record_uuid"
	require_user=$(first_image_user "$3")
	[ -z "$require_user" ] || refuse ImageInUse "$3 is used by the $require_user"
}
