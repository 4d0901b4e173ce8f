# include: awk-words.sh
# The identity of a backing, whatever its name: one word of A-Z a-z 0-9 and . _ : / = + , @ -
#   dm:UUID                  device-mapper (sysfs dm/uuid): LVM-… is a logical volume
#   md:UUID                  MD RAID (udev's MD_UUID)
#   part:UUID@DISK           a partition: its UUID, or its number, and the identity of its disk
#   wwid:TEXT, serial:TEXT   what the disk reports about itself (sysfs wwid and serial, udev's ID_WWN and ID_SERIAL)
#   zvol:POOL/NAME           a ZFS volume (udev's link)
#   loop:FILE                a loop device, by the file behind it
#   unnamed:BYTES            a disk that reports nothing about itself: only its size is known
#   file:FS:INODE:BIRTH      FS is the UUID of its file system, or TYPE-SOURCE if udev knows none; BIRTH in seconds, 0
#                            if it is not reported
# awk code that uses $identity_words needs $escape_fields before it.
# shellcheck disable=SC2034
identity_words='
function plain_word(s) {
	gsub(/[ \t]+/, "_", s)
	gsub(/[^A-Za-z0-9._:\/=+,@-]/, "", s)
	return substr(s, 1, 160)
}
# block_identity MAJ:MIN
function block_identity(dev,   sys, text, udev, line, at) {
	sys = "/sys/dev/block/" dev
	if ((text = plain_word(first(sys "/dm/uuid"))) != "") return "dm:" text
	split("", udev)
	while ((getline line < ("/run/udev/data/b" dev)) > 0) {
		if (line ~ /^S:zvol\//) udev["zvol"] = substr(line, 8)
		if (line !~ /^E:/ || (at = index(line, "=")) == 0) continue
		udev[substr(line, 3, at - 3)] = substr(line, at + 1)
	}
	close("/run/udev/data/b" dev)
	if (udev["MD_UUID"] != "") return "md:" plain_word(udev["MD_UUID"])
	if ((text = first(sys "/partition")) != "") {
		if (udev["ID_PART_ENTRY_UUID"] != "") text = udev["ID_PART_ENTRY_UUID"]
		return substr("part:" plain_word(text) "@" block_identity(first(sys "/../dev")), 1, 200)
	}
	if (udev["zvol"] != "") return "zvol:" plain_word(udev["zvol"])
	if ((text = plain_word(first(sys "/loop/backing_file"))) != "") return "loop:" text
	text = plain_word(first(sys "/wwid"))
	if (text == "") text = plain_word(first(sys "/device/wwid"))
	if (text == "") text = plain_word(udev["ID_WWN_WITH_EXTENSION"])
	if (text == "") text = plain_word(udev["ID_WWN"])
	if (text != "") return "wwid:" text
	text = plain_word(first(sys "/serial"))
	if (text == "") text = plain_word(first(sys "/device/serial"))
	if (text == "") text = plain_word(udev["ID_SERIAL"])
	if (text != "") return "serial:" text
	return sprintf("unnamed:%.0f", first(sys "/size") * 512)
}
# file_identity DEV INODE BIRTH, as stat prints them (%d %i %W).
function file_identity(dev, inode, birth,   major, minor, line, file, fs, field, i) {
	major = int(dev / 256) % 4096
	minor = dev % 256 + int(dev / 1048576) * 256
	fs = ""
	file = "/run/udev/data/b" major ":" minor
	if (major > 0) {
		while ((getline line < file) > 0) if (line ~ /^E:ID_FS_UUID=/) fs = plain_word(substr(line, 14))
		close(file)
	}
	if (fs == "") {
		while ((getline line < "/proc/self/mountinfo") > 0) {
			split(line, field, " ")
			if (field[3] != major ":" minor) continue
			for (i = 7; field[i] != "-" && field[i] != ""; i++) ;
			fs = plain_word(field[i + 1] "-" field[i + 2])
			break
		}
		close("/proc/self/mountinfo")
	}
	if (birth !~ /^[0-9]+$/) birth = 0
	return "file:" fs ":" inode ":" birth
}
'

# backing_identity_of PATH: prints its identity; nothing if PATH is missing or is neither a file nor a block device.
backing_identity_of() {
	stat -L -c '%f %t %T %d %i %W' -- "$1" 2>/dev/null | awk "$escape_fields$identity_words"'
		$1 ~ /^8...$/ { print file_identity($4, $5, $6) }
		$1 ~ /^6...$/ { print block_identity(hex($2) ":" hex($3)) }'
}

# same_backing IDENTITY IDENTITY: compares two identities, without the births if one of these is unknown.
same_backing() {
	[ "$1" != "$2" ] || return 0
	case $1/$2 in
	file:*:0/file:* | file:*/file:*:0) [ "${1%:*}" = "${2%:*}" ] ;;
	*) return 1 ;;
	esac
}
