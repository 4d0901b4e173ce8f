# include: images.sh
# include: domain-lock.sh
# include: relocation.sh
# include: probe-migrations.sh
# xensan's files about domains on this host and on the share: the migration key and its peers, images, lock
# files and configurations.

# shellcheck disable=SC2016
relocation_words='
function relocation(   line, field, count, i, address, name, rows, keys, path) {
	if (has_key == "yes" && (line = first(migration_key ".pub")) != "") print "relocation\tkey\t" line
	count = split(peers_block(authorized_keys, peers_begin, peers_end, "command=\"" receiver "\""), rows, "\n")
	for (i = 1; i < count; i++) {
		line = rows[i]
		split(line, field, " ")
		if (line ~ /^restrict,from="[0-9.]+",command="[^"]*" [a-z0-9-]+ [A-Za-z0-9+\/=]+ xensan:/) {
			address = field[1]; sub(/^restrict,from="/, "", address); sub(/".*/, "", address)
			name = field[4]; sub(/^xensan:/, "", name)
			print "relocation\tpeer\t" name "\t" address "\t" field[2] " " field[3]
		} else print "relocation\tpeer\tunknown\t0.0.0.0\t-" # Not one of the peers that were asked for: it is written anew.
	}
	while ((getline line < (relocation_dir "/known_hosts")) > 0)
		if (split(line, field, " ") >= 3) print "relocation\tknown\t" field[1] "\t" field[2] " " field[3]
	count = split(host_keys, keys, " ")
	for (i = 1; i <= count; i++) {
		path = keys[i]
		while ((getline line < path) > 0)
			if (split(line, field, " ") >= 2) { print "relocation\thost-key\t" field[1] " " field[2]; break }
		close(path)
	}
	return 1
}
'

probe_images() {
	IFS= read -r host </proc/sys/kernel/hostname
	host=${host%%.*}
	asked="
"
	set --
	while IFS= read -r path; do
		set -- "$@" "$path"
		asked="$asked$path
"
	done <"$work/images"
	points=
	while read -r _ _ _ _ point _; do
		case $asked in *"
$point/"*) points="$points$point
" ;; esac
	done </proc/self/mountinfo
	tops=
	while IFS= read -r path; do
		# The record is in .xensan of the mount point that contains the image; another directory may have the same name.
		top=
		while IFS= read -r point; do
			case $path in "$point"/*) [ "${#point}" -le "${#top}" ] || top=$point ;; esac
		done <<-END
			$points
		END
		case $tops in
		*"
$top
"*) ;;
		*) tops="$tops
$top
" ;;
		esac
		state=- copied=-
		for copy in "$path".xensan-copy.*; do
			[ -f "$copy" ] || continue
			copied=$(stat -c %s -- "$copy" 2>/dev/null) || {
				copied=-
				continue
			}
			# Whether a copy by another host goes on, only that host can tell.
			state=Elsewhere
			if [ "${copy##*.xensan-copy.}" = "$host" ]; then
				state=Copying
				work_alive "$(image_work_of "$path").pid" || state=Interrupted
				break
			fi
		done
		printf '%s\t%s\t%s\t%s\n' "$top" "$path" "$state" "$copied"
	done <"$work/images" >"$work/images.copies"
	while IFS= read -r top; do
		for mark in "${top:-/dev/null}"/.xensan/images/*; do
			[ ! -f "$mark" ] || ! read_image_record "$mark" ||
				printf '%s\t%s\t%s\t%s\t%s\n' "$top/$record_path" "$record_inode" "$record_owner" "${record_uuid:--}" "$record_origin"
		done
	done >"$work/images.marks" <<-END
		$tops
	END
	# %W is 0 or - where the birth of a file is unknown.
	stat -c '%f %s %b %i %W %d:%i %n' -- "$@" >"$work/images.stat" 2>"$work/images.missing" || :
	# Most loop devices belong to requested images, whose inodes are known already.
	list_loops "$work/images.loops"
	set --
	while IFS='	' read -r _ _ file; do
		case $asked in *"
$file
"*) ;; *) set -- "$@" "$file" ;; esac
	done <"$work/images.loops"
	: >"$work/images.inodes"
	[ $# = 0 ] || stat -L -c '%d:%i %n' -- "$@" >"$work/images.inodes" 2>/dev/null || :
	process_users >"$work/images.users"
	row later images
}

# awk function, after $backend_words: images() prints the rows of what probe_images has found.
# shellcheck disable=SC2016
image_words='
function image_user(inode, kind, name, domain) {
	if ((inode in image_named) && image_count[inode]++ < 8) print "images\tuser\t" image_named[inode] "\t" kind "\t" name "\t" domain
}
function images(   line, field, file, at, marks_of, inode, mode, size, blocks, inode_of, domain, path, kind, trouble) {
	while ((getline line < (work "/images.marks")) > 0) {
		at = index(line, "\t")
		marks_of[substr(line, 1, at - 1)] = substr(line, at + 1)
	}
	while ((getline line < (work "/images.stat")) > 0) {
		split(line, field, " ")
		file = line
		sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", file)
		image_named[field[6]] = file
		inode[file] = field[6]
		mode[file] = field[1]
		size[file] = field[2]
		blocks[file] = field[3]
		inode_of[file] = field[4] " " (field[5] ~ /^[0-9]+$/ ? field[5] : 0)
	}
	stat_troubles(work "/images.missing", trouble)
	while ((getline line < (work "/images.inodes")) > 0) { at = index(line, " "); inode[substr(line, at + 1)] = substr(line, 1, at - 1) }
	backend_domains(work "/xenstore", domain)
	while ((getline line < (work "/images.loops")) > 0) {
		split(line, field, "\t")
		if (field[3] in inode) image_user(inode[field[3]], "loop", field[1], (field[2] in domain) ? domain[field[2]] : "-")
	}
	while ((getline line < (work "/images.users")) > 0) { split(line, field, "\t"); image_user(field[1], field[2], field[3], field[4]) }
	while ((getline line < (work "/images.copies")) > 0) {
		split(line, field, "\t")
		path = field[2]
		if (!(path in mode) && !((path in trouble) && trouble[path] == "")) {
			print "images\t?\t" ((path in trouble) ? trouble[path] : "stat told nothing") "\t" path
			continue
		}
		kind = !(path in mode) ? "Missing" : mode[path] ~ /^8...$/ ? "File" : "Other"
		printf "images\timage\t%s\t%s\t%.0f\t%.0f\t%s\t%s\t%s\t%s\n", path, kind, kind == "File" ? size[path] : 0, \
			kind == "File" ? blocks[path] * 512 : 0, kind == "File" ? inode_of[path] : "-", field[3], field[4], \
			(path in marks_of) ? marks_of[path] : "-\t-\t-\t-"
	}
}
'

probe_domain_locks() {
	while IFS= read -r directory; do
		for file in "$directory"/*.lock; do
			[ -f "$file" ] || continue
			uuid=${file##*/}
			uuid=${uuid%.lock}
			case $uuid in ????????-????-????-????-????????????) ;; *) continue ;; esac
			read_domain_lock "$file" || continue
			row domain-locks lock "$uuid" "$file" "${lock_host:--}" "${lock_boot:--}"
		done
	done <"$work/lock-directories"
}

probe_domain_configurations() {
	set -- "$state_dir"/domains/*.cfg
	[ -f "$1" ] || return 0
	digests_read "$@" || return 1
	while read -r digest file; do
		uuid=${file##*/}
		word "$file.owner"
		row domain-configurations config "${uuid%.cfg}" "${value:--}" "$digest"
	done <<-END
		$digests
	END
}

# digests_read FILE…: sets digests to `DIGEST FILE`, one a line. If a file is overwritten in place and gets its old
# time, only the next start of the domain notices it.
digests_read() {
	if kept digests "$state_dir/domains" "$@"; then
		digests=$kept_text
		return 0
	fi
	begin_keeping digests
	sha256sum -- "$@" >"$work/digests" || return 1
	digests=$(cat "$work/digests")
	keep digests "$digests"
}
