# include: records.sh
# include: domain-owner.sh
# include: image-users.sh
# Image files of domains on a shared file system. Each is recorded on the same file system, where every host sees it:
# MOUNTPOINT/.xensan/images/ holds one file per image, named by the SHA-256 digest of its path below the mount point,
# with that path, `inode birth`, the owner, the UUID of the domain, and its origin: Making (xensan is about to create
# it), Made, or Found (xensan did not create it; never grown, never deleted). Older records have three lines: they count
# as Made, for any UUID. Older names are CRC-32 and length, which several paths can share: the first line decides.

# reserved_name RELATIVE: a part of the path is reserved for xensan (.xensan, a.img.xensan-copy.bella) or for mkfs
# (lost+found).
reserved_name() {
	case /$1/ in
	*/.xensan/* | *.xensan-* | /lost+found/*) return 0 ;;
	*) return 1 ;;
	esac
}

# image_record_of RELATIVE MOUNTPOINT: prints the file that is or will be the record of the image.
image_record_of() {
	record_older=$2/.xensan/images/$(printf '%s' "$1" | cksum | tr -d ' ')
	if read_image_record "$record_older" && [ "$record_path" = "$1" ]; then
		printf '%s\n' "$record_older"
		return 0
	fi
	record_name=$(printf '%s' "$1" | sha256sum)
	printf '%s\n' "$2/.xensan/images/${record_name%% *}"
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
	image_work=$run_dir/copy.$(printf '%s' "$1" | cksum | tr -d ' ')
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
