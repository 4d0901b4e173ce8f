# Block devices, mounts, LVM, and the requested paths.

# awk functions about AoE devices: target_of() returns the name of the device, of a path or a name of sysfs, that is
# it or a partition of it; targets_asked() sets the devices that were asked for. Any machine on a segment can announce
# targets without end, so of the devices that are neither asked for nor in use, at most most_idle() are told.
# shellcheck disable=SC2016
target_words='
function target_of(name) {
	sub(/^.*etherd[!\/]/, "", name)
	sub(/p[0-9]+$/, "", name)
	return name
}
function targets_asked(asked,   list, count, i, line) {
	count = split("targets devices asked", list, " ")
	for (i = 1; i <= count; i++) {
		close(work "/" list[i])
		while ((getline line < (work "/" list[i])) > 0) asked[target_of(line)] = 1
		close(work "/" list[i])
	}
}
function most_idle() { return 1000 }
function told_idle(section, what) { print section "\t?\tmore than " most_idle() " " what " that are neither asked for nor in use\tothers" }
'

# awk functions that print the rows of a section; they fail when its source cannot be read.
# mounts also leaves `MAJ:MIN MOUNTPOINT OPTIONS` of every OCFS2 in $work/mounted, and every mount point in $work/mounted-on.
# shellcheck disable=SC2016
storage_words='
function mounts(   i, type, state) {
	while ((state = (getline <"/proc/self/mountinfo")) > 0) {
		for (i = 7; i <= NF && $i != "-"; i++) ;
		type = $(i + 1)
		print $5 >(work "/mounted-on")
		if (type == "ocfs2") print $3, $5, $6 "," $(i + 3) >(work "/mounted")
		if (type ~ /^(proc|sysfs|cgroup2?|devpts|securityfs|debugfs|tracefs|bpf|pstore|mqueue|hugetlbfs|fusectl|autofs|nsfs|efivarfs|binfmt_misc|rpc_pipefs|configfs|ramfs|selinuxfs)$/) continue
		printf "mounts\t%s\t%s\t%s\t%s\t%s\t%s\n", $3, $4, $5, type, $(i + 2), $6
	}
	close("/proc/self/mountinfo")
	return state == 0
}
# used_targets: the AoE disks that something is built on, and those that are mounted or swap, or have such a partition.
function used_targets(used, order, count, held,   i, line, field, target) {
	for (i = 1; i <= count; i++) if (order[i] ~ /\/etherd!/) {
		if (order[i] in held) used[target_of(order[i])] = 1
		target[first(order[i] "/dev")] = target_of(order[i])
	}
	while ((getline line < "/proc/self/mountinfo") > 0) { split(line, field, " "); if (field[3] in target) used[target[field[3]]] = 1 }
	close("/proc/self/mountinfo")
	while ((getline line < "/proc/swaps") > 0) if (line ~ /^\/dev\/etherd\//) { split(line, field, " "); used[target_of(field[1])] = 1 }
	close("/proc/swaps")
}
function block(   i, line, part, held, order, count, sys, name, dev, bytes, path, type, uuid, state, asked, used, idle) {
	while ((state = (getline line < (work "/blocks"))) > 0) {
		if (split(line, part, " ") == 2) held[part[1]] = held[part[1]] (held[part[1]] == "" ? "" : ",") first("/sys/class/block/" part[2] "/dev")
		else order[++count] = line
	}
	if (state < 0) return 0
	targets_asked(asked)
	used_targets(used, order, count, held)
	for (i = 1; i <= count; i++) {
		sys = order[i]
		name = sys
		sub(/.*\//, "", name)
		if (name ~ /^etherd!/ && !(target_of(name) in asked) && !(target_of(name) in used) && ++idle > most_idle()) continue
		dev = first(sys "/dev")
		bytes = first(sys "/size") * 512
		if (bytes == 0 && name ~ /^(loop|ram|nbd|zram|fd|sr)/) continue
		path = name
		gsub(/!/, "/", path)
		path = "/dev/" path
		type = "disk"
		if (first(sys "/partition") != "") type = "part"
		else if (name ~ /^dm-/) {
			path = "/dev/mapper/" first(sys "/dm/name")
			uuid = first(sys "/dm/uuid")
			type = uuid ~ /^LVM-/ ? "lvm" : uuid ~ /^CRYPT-/ ? "crypt" : uuid ~ /^mpath-/ ? "mpath" : "dm"
		} else if (name ~ /^loop/) type = "loop"
		else if (name ~ /^md/) { type = first(sys "/md/level"); if (type == "") type = "raid" }
		else if (name ~ /^sr/) type = "rom"
		printf "block\t%s\t%s\t%.0f\t%s\t%s\t%s\n", esc(path), dev, bytes, type, udev_signature(dev), held[sys]
	}
	if (idle > most_idle()) told_idle("block", "AoE disks and partitions")
	return 1
}
function udev_signature(dev,   line, file, found, state) {
	file = "/run/udev/data/b" dev
	found = "-"
	while ((state = (getline line < file)) > 0) {
		if (found == "-") found = ""
		if (line ~ /^E:ID_FS_TYPE=/) { found = substr(line, 14); break }
		if (line ~ /^E:ID_PART_TABLE_TYPE=/) found = substr(line, 22)
	}
	close(file)
	return found
}
'

# list_blocks: writes every block device, and the devices built on it, to $work/blocks for block(). Skips a device
# without a number, which nothing can open, such as a path of NVMe multipath.
list_blocks() {
	for sys in /sys/class/block/*; do
		[ -e "$sys/dev" ] || continue
		echo "$sys"
		for held in "$sys"/holders/*; do [ ! -e "$held" ] || echo "$sys ${held##*/}"; done
	done >"$work/blocks"
}

# paths SECTION LIST: examines every path in $work/LIST, one a line. tell() prints a `path` row for each.
paths() {
	look_at_paths
	row later paths "$1" "$2"
}

# look_at_paths: examines served and requested paths, many of them in two processes. A path exists if stat prints it: a
# descriptor of this shell does not exist for its children.
paths_looked=
look_at_paths() {
	[ -z "$paths_looked" ] || return 0
	paths_looked=yes
	set --
	for list in served asked; do
		[ -f "$work/$list" ] || continue
		while IFS= read -r path; do
			set -- "$@" "$path"
			[ $# -lt "$paths_at_once" ] || {
				look_at "$@"
				set --
			}
		done <"$work/$list"
	done
	[ $# = 0 ] || look_at "$@"
}

# A shell copies all its arguments to add one: with thousands of paths that would take longer than the probe may.
paths_at_once=256

# look_at PATH…: examines these paths.
look_at() {
	printf '%s\n' "$@" >>"$work/paths.seen"
	stat -L -c '%f %t %T %s %d %i %W %n' -- "$@" >"$work/paths.some" 2>>"$work/paths.missing" || :
	set --
	while IFS= read -r line; do
		printf '%s\n' "$line"
		set -- "$@" "${line#* * * * * * * }"
	done <"$work/paths.some" >>"$work/paths.stat"
	[ $# = 0 ] || resolve_paths "$@" >>"$work/paths.real" 2>/dev/null
}

# resolve_paths PATH…: prints a line for each path, an empty one if it cannot be resolved.
resolve_paths() {
	if realpath "$@" >"$work/paths.some"; then
		lines=0
		while IFS= read -r _; do lines=$((lines + 1)); done <"$work/paths.some"
		[ "$lines" != $# ] || {
			while IFS= read -r line; do printf '%s\n' "$line"; done <"$work/paths.some"
			return 0
		}
	fi
	for path; do
		real=$(realpath "$path") || real=
		case $real in *"
"*) real= ;; esac
		printf '%s\n' "$real"
	done
}

# awk functions, after $identity_words: print what parts have left in $work as rows. An error about one path affects
# only its own row.
# shellcheck disable=SC2016
part_words='
# stat_troubles: sets why[PATH] to the error that stat printed about it in FILE; empty if nothing is there.
function stat_troubles(file, why,   line, at) {
	while ((getline line < file) > 0) {
		# stat: cannot stat \047PATH\047: ERROR
		if (!(at = match(line, /[\047`]\//))) continue
		line = substr(line, at + 1)
		if (!(at = match(line, /\047: [^\047]*$/))) continue
		why[substr(line, 1, at - 1)] = substr(line, at + 3) ~ /^(No such file or|Not a) directory$/ ? "" : substr(line, at + 3)
	}
	close(file)
}
function read_paths(   line, field, lines, count, there) {
	if (paths_read++) return
	while ((getline line < (work "/paths.stat")) > 0) {
		split(line, field, " ")
		sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", line)
		there[++count] = line
		path_mode[line] = field[1]
		path_device[line] = hex(field[2]) ":" hex(field[3])
		path_size[line] = field[4]
		path_node[line] = field[5] ":" field[6]
		if (field[1] ~ /^8...$/) path_lasting[line] = file_identity(field[5], field[6], field[7])
	}
	while ((getline line < (work "/paths.real")) > 0) path_real[there[++lines]] = line
	while ((getline line < (work "/paths.seen")) > 0) if (!(line in path_mode)) path_trouble[line] = "stat told nothing"
	stat_troubles(work "/paths.missing", path_trouble)
}
function paths(section, list,   name, kind, bytes, id, count, asked, i) {
	read_paths()
	while ((getline name < (work "/" list)) > 0) asked[++count] = name
	for (i = 1; i <= count; i++) {
		name = asked[i]
		if ((name in path_mode) && path_real[name] == "") path_trouble[name] = "it cannot be resolved"
		if ((name in path_trouble) && path_trouble[name] != "") {
			print section "\t?\t" path_trouble[name] "\t" esc(name)
			continue
		}
		if (!(name in path_mode)) {
			print section "\tpath\t" name "\t\tMissing\t0\t\t"
			continue
		}
		if (path_mode[name] ~ /^8...$/) kind = "File"
		else if (path_mode[name] ~ /^6...$/) kind = "BlockDevice"
		else kind = "Other"
		bytes = 0; id = ""
		if (kind == "File") { bytes = path_size[name]; id = "file:" path_node[name] }
		if (kind == "Other") id = "file:" path_node[name]
		if (kind == "BlockDevice") {
			bytes = first("/sys/dev/block/" path_device[name] "/size") * 512
			id = "block:" path_device[name]
			path_lasting[name] = block_identity(path_device[name])
		}
		printf "%s\tpath\t%s\t%s\t%s\t%.0f\t%s\t%s\n", section, esc(name), esc(path_real[name]), kind, bytes, id, path_lasting[name]
	}
}
# owned: the records in $work/records of the files at the paths in $work/asked. Records stay after their objects, so
# there may be any number of others.
function owned(   line, field, name, inode, here, order, owner, count, i) {
	read_paths()
	close(work "/asked")
	while ((getline name < (work "/asked")) > 0) if (name in path_node) { inode = path_node[name]; sub(/.*:/, "", inode); here[path_real[name], inode] = 1 }
	while ((getline line < (work "/records")) > 0) {
		split(line, field, "\t")
		if (!((field[1], field[2]) in here)) continue
		if (!((field[1], field[2]) in owner)) order[++count] = field[1] SUBSEP field[2]
		owner[field[1], field[2]] = field[3]
	}
	for (i = 1; i <= count; i++) { split(order[i], field, SUBSEP); print "backings\towned\t" field[1] "\t" field[2] "\t" owner[order[i]] }
}
function lvm(   line, field, filled, file) {
	while ((getline line < (work "/lvs")) > 0) {
		sub(/^ +/, "", line)
		split(line, field, "\t")
		filled = ""
		# The progress of a volume that is being filled with zeroes.
		file = run_dir "/blank." field[1] "." field[2]
		if (field[2] ~ /[.]xensan-new$/ && first(file ".pid") != "") {
			filled = first(file ".done")
			filled = "\t" (filled == "" ? "0" : filled)
		}
		print "lvm\t" line filled
	}
}
'

probe_backings() {
	paths backings asked
	for record in "$state_dir"/backings/*; do
		[ -f "$record" ] || continue
		{ IFS= read -r path && read -r inode _ && IFS= read -r owner; } <"$record" || continue
		[ "$inode" = - ] || printf '%s\t%s\t%s\n' "$path" "$inode" "$owner"
	done >"$work/records"
	row later owned
}

probe_lvm() {
	have lvs || return "$absent"
	limited 10 lvs --noheadings --units b --nosuffix --separator '	' --options vg_name,lv_name,lv_size,lv_path,vg_free,lv_tags \
		>"$work/lvs" </dev/null || {
		echo "lvs did not answer within 10 seconds or failed" >&2
		return 1
	}
	row later lvm
}
