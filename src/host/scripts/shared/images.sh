# include: records.sh
# Image files of domains on a shared file system. Which of them are ours is recorded on the same file system, where every
# host sees it: MOUNTPOINT/.xensan/images/ holds one file per image, named after its path below the mount point, with that
# path, `inode birth` and the owner.

# image_place PATH MOUNTPOINT: sets image_real, image_relative, image_record and image_copy (where this host copies to).
# Refuses when a part of the path is a symbolic link or another mount.
image_place() {
	plain_path "$1"
	case $1 in "$2"/?*) ;; *) refuse InvalidArgument "$1 is not below $2" ;; esac
	image_relative=${1#"$2"/}
	case $image_relative in
	.xensan/* | lost+found/* | *.xensan-new | *.xensan-deleted | *.xensan-copy.*)
		refuse InvalidArgument "$1 is a name that xensan uses for itself"
		;;
	esac
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
		[ -d "$image_walk" ] || refuse ImageForeign "$image_walk is no directory"
		[ "$(stat -c %d -- "$image_walk")" = "$image_device" ] || refuse NotMounted "$image_walk is on another file system than $2"
	done
	image_real=$1
	image_record=$2/.xensan/images/$(printf '%s' "$image_relative" | cksum | tr -d ' ')
	image_copy=$1.xensan-copy.$(own_name)
	image_work=$run_dir/copy.$(printf '%s' "$1" | cksum | tr -d ' ')
}

# record_image OWNER FILE: FILE is about to become the image.
record_image() {
	record_text=$(printf '%s\n%s\n%s\n' "$image_relative" "$(inode_and_birth "$2")" "$1")
	printf '%s\n' "$record_text" | replace_file "$image_record" 600
}

# copy_alive WORK: a copy that this host began, in this boot, is going on.
copy_alive() {
	copy_pid=''
	{ read -r copy_pid copy_birth <"$1.pid"; } 2>/dev/null || return 1
	[ -n "$copy_pid" ] && [ "$(birth_of "$copy_pid")" = "$copy_birth" ]
}
