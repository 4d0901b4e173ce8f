# The channel over which hosts migrate domains to each other: the host's own key, what the key may do on its peers, and
# the host keys that it trusts.
relocation_dir=$state_dir/ssh
relocation_key=$relocation_dir/id_ed25519
# xensan writes only between these two lines of root's authorized_keys.
relocation_begin='# xensan: peers that may migrate domains to this host'
relocation_end='# xensan: end of peers'
relocation_receiver=/usr/local/lib/xensan/receive-domain

# find_authorized_keys: sets authorized_keys to root's file, with symbolic links resolved.
find_authorized_keys() {
	authorized_keys=/root/.ssh/authorized_keys
	while IFS=: read -r keys_user _ _ _ _ keys_home _; do
		if [ "$keys_user" = root ]; then
			authorized_keys=${keys_home:-/root}/.ssh/authorized_keys
			break
		fi
	done 2>/dev/null </etc/passwd
	[ ! -L "$authorized_keys" ] || authorized_keys=$(readlink -f "$authorized_keys")
}

# awk function: peers_block(FILE, …) returns what peers_block prints.
# shellcheck disable=SC2016
peers_words='
function peers_block(path, begin, end, receiver,   line, inside, rows) {
	while ((getline line < path) > 0) {
		if (line == begin) { inside = 1; continue }
		if (line == end) inside = 0
		if (inside || index(line, receiver)) rows = rows line "\n"
	}
	close(path)
	return rows
}
'

# peers_block FILE: prints the lines between the two marks, and every key elsewhere that may run our receiver.
peers_block() {
	[ ! -f "$1" ] || awk -v first="$relocation_begin" -v last="$relocation_end" -v receiver="command=\"$relocation_receiver\"" \
		"$peers_words"'BEGIN { printf "%s", peers_block(ARGV[1], first, last, receiver) }' "$1"
}
