# The channel over which hosts migrate domains to each other: a key of this host's own, what the key may do on its peers,
# and whose host keys it trusts.
relocation_dir=$state_dir/ssh
relocation_key=$relocation_dir/id_ed25519
# Written between these two lines of root's authorized_keys; nothing else of it is touched.
relocation_begin='# xensan: peers that may migrate domains to this host'
relocation_end='# xensan: end of peers'
relocation_receiver=/usr/local/lib/xensan/receive-domain

# find_authorized_keys: sets authorized_keys to root's file, and what it leads to.
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

# peers_block FILE: what stands between the two lines, and every key elsewhere that may run our receiver.
peers_block() {
	[ ! -f "$1" ] || awk -v first="$relocation_begin" -v last="$relocation_end" -v receiver="command=\"$relocation_receiver\"" '
		$0 == first { inside = 1; next }
		$0 == last { inside = 0 }
		inside || index($0, receiver)' "$1"
}
