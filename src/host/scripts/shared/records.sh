# Which files are ours: one record per file in /var/lib/xensan/backings, named after owner and path, holding
# path, `inode birth` and owner. The inode and its time of birth tell a file from a later one of the same name.

record_of() {
	echo "$state_dir/backings/${1##* }.$(printf '%s' "$2" | cksum | tr -d ' ')"
}

# birth is 0 where the file system or stat does not tell.
inode_and_birth() {
	inode=$(stat -c %i -- "$1")
	birth=$(stat -c %W -- "$1" 2>/dev/null || echo 0)
	case $birth in '' | *[!0-9]*) birth=0 ;; esac
	echo "$inode $birth"
}

# record_backing OWNER PATH FILE: FILE is about to become PATH.
record_backing() {
	record_text=$(printf '%s\n%s\n%s\n' "$2" "$(inode_and_birth "$3")" "$1")
	printf '%s\n' "$record_text" | replace_file "$(record_of "$1" "$2")" 600
}

# recorded RECORD OWNER PATH FILE: FILE is the very file that was made as PATH for OWNER.
recorded() {
	{
		IFS= read -r recorded_path
		IFS= read -r recorded_inode
		IFS= read -r recorded_owner
	} 2>/dev/null <"$1" || return 1
	[ "$recorded_path" = "$3" ] && [ "$recorded_owner" = "$2" ] && [ "$recorded_inode" = "$(inode_and_birth "$4")" ]
}
