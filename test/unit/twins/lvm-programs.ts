/**
 * LVM 2.03 over @FAKE@/vgs: `GROUP EXTENTBYTES EXTENTS` and @FAKE@/lvs: `GROUP NAME EXTENTS MINOR FIRST TAGS ORIGIN`,
 * where FIRST is the first of its extents, and - means none. A volume is a file in /dev with the data of earlier
 * volumes; @FAKE@/extents.FIRST keeps that of a removed one.
 */
const lvm = `#!/bin/sh
FAKE=@FAKE@
dev=$FAKE/../dev
tool=\${0##*/}
fields= name= bytes= more= tag= untag= select= words=
while [ $# -gt 0 ]; do
	case $1 in
	-o) fields=$2; shift ;;
	-n) name=$2; shift ;;
	-L) bytes=\${2%b}; shift ;;
	-l) more=\${2#+}; shift ;;
	-S) select=$2; shift ;;
	--addtag) tag=$2; shift ;;
	--deltag) untag=$2; shift ;;
	-W | -Z | --units | --config) shift ;;
	-*) ;;
	*) words="$words $1" ;;
	esac
	shift
done
set -- $words
group=\${1%%/*}
[ -n "$name" ] || [ "$1" = "$group" ] || name=\${1#*/}
read -r extent extents <<END
$(awk -v group="$group" '$1 == group { print $2, $3 }' "$FAKE/vgs")
END
[ -n "$extent" ] || { printf '  Volume group "%s" not found\\n  Cannot process volume group %s\\n' "$group" "$group" >&2; exit 5; }
find_volume() {
	row=$(awk -v group="$group" -v name="$1" '$1 == group && $2 == name' "$FAKE/lvs")
	read -r _ _ count minor first tags origin <<END
$row
END
	[ -n "$row" ]
}
# keep NAME [ROW]: ROW instead of the row of NAME.
keep() {
	awk -v group="$group" -v name="$1" '$1 != group || $2 != name' "$FAKE/lvs" >"$FAKE/lvs.new"
	[ -z "$2" ] || echo "$2" >>"$FAKE/lvs.new"
	mv "$FAKE/lvs.new" "$FAKE/lvs"
}
# device NAME: udev's links, and what sysfs tells of it.
device() {
	sys=$FAKE/../sys/devices/dm-$minor
	grep -v " fd $(printf %x "$minor")$" "$FAKE/blocks" >"$FAKE/blocks.new"
	[ -z "$1" ] || echo "$(readlink -f "$dev/$group/$1") fd $(printf %x "$minor")" >>"$FAKE/blocks.new"
	mv "$FAKE/blocks.new" "$FAKE/blocks"
	if [ -z "$1" ]; then rm -rf "$sys" "$FAKE/../sys/dev/block/253:$minor"; return; fi
	mkdir -p "$sys/dm" "$sys/holders" "$FAKE/../sys/dev/block"
	echo "$group-$1" >"$sys/dm/name"
	echo $((count * extent / 512)) >"$sys/size"
	echo "0 0 0 0 0 0 0 0 0 0 0" >"$sys/stat"
	ln -sfn "$sys" "$FAKE/../sys/dev/block/253:$minor"
}
shown() { echo "  Logical volume \\"$1\\" $2."; }
case $tool in
vgs)
	case $fields in
	vg_free) awk -v group="$group" -v all="$extents" -v extent="$extent" '$1 == group { used += $3 } END { printf "  %.0f\\n", (all - used) * extent }' "$FAKE/lvs" ;;
	vg_extent_size) echo "  $extent" ;;
	esac
	;;
lvs)
	if [ -n "$select" ]; then
		awk -v group="$group" -v origin="\${select#origin=}" '$1 == group && $7 == origin { print "  swi-a-s--- " $2 }' "$FAKE/lvs"
		exit 0
	fi
	find_volume "$name" || { echo "  Failed to find logical volume \\"$group/$name\\"" >&2; exit 5; }
	case $fields in
	lv_size) echo "  $((count * extent))" ;;
	lv_tags) [ "$tags" != - ] || tags=; echo "  $tags" ;;
	segtype) echo "  linear" ;;
	seg_pe_ranges) echo "  /dev/vdc:$first-$((first + count - 1))" ;;
	esac
	;;
lvcreate)
	! find_volume "$name" || { echo "  Logical Volume \\"$name\\" already exists in volume group \\"$group\\"" >&2; exit 5; }
	count=$(((bytes + extent - 1) / extent)) minor=0
	while [ -e "$FAKE/../sys/dev/block/253:$minor" ]; do minor=$((minor + 1)); done
	first=$(awk '{ if ($5 + $3 > next_one) next_one = $5 + $3 } END { print next_one + 0 }' "$FAKE/lvs")
	mkdir -p "$dev/$group"
	truncate -s $((count * extent)) "$dev/$group/$name"
	echo "what an earlier volume left" | dd of="$dev/$group/$name" seek=$((count * extent / 512 / 2)) conv=notrunc 2>/dev/null
	device "$name"
	read -r serial <"$FAKE/serial"
	echo $((serial + 1)) >"$FAKE/serial"
	printf 'LVM-%064d\\n' "$serial" >"$sys/dm/uuid"
	keep "$name" "$group $name $count $minor $first \${tag:--} -"
	shown "$name" created
	;;
lvchange)
	find_volume "$name" || { echo "  Failed to find logical volume \\"$group/$name\\"" >&2; exit 5; }
	[ "$tags" != - ] || tags=
	tags=$(echo "$tags,$tag" | tr , '\\n' | grep -v -x -e '' -e "\${untag:-.}" | tr '\\n' , | sed 's/,$//')
	keep "$name" "$group $name $count $minor $first \${tags:--} $origin"
	echo "  Logical volume $group/$name changed."
	;;
lvrename)
	find_volume "$2"
	mv "$dev/$group/$2" "$dev/$group/$3"
	device "$3"
	keep "$2" "$group $3 $count $minor $first $tags $origin"
	echo "  Renamed \\"$2\\" to \\"$3\\" in volume group \\"$group\\""
	;;
lvremove)
	find_volume "$name" || { echo "  Failed to find logical volume \\"$group/$name\\"" >&2; exit 5; }
	case ,$tags, in *",\${select#lv_tags=},"*) ;; *) [ -z "$select" ] || exit 0 ;; esac
	if grep -qsx "$group/$name" "$FAKE/open-volumes"; then
		echo "  Logical volume $group/$name in use." >&2
		exit 5
	fi
	mv "$dev/$group/$name" "$FAKE/extents.$first"
	device ""
	keep "$name"
	shown "$name" "successfully removed"
	;;
lvextend)
	find_volume "$name"
	ranges=\${2#*:}
	cat "$FAKE/extents.\${ranges%-*}" >>"$dev/$group/$name"
	count=$((count + more))
	device "$name"
	keep "$name" "$group $name $count $minor $first $tags $origin"
	echo "  Logical volume $group/$name successfully resized."
	;;
esac
`;

/** The programs of lvm2: one, under many names. */
export const lvmPrograms: Readonly<Record<string, string>> = Object.fromEntries(
  ["lvs", "vgs", "lvcreate", "lvextend", "lvremove", "lvchange", "lvrename"].map((name) => [name, lvm]),
);
