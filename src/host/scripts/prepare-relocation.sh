#!/bin/sh
# Ensures that this host has its own migration key, that exactly the named peers may run `xl migrate-receive` (and the
# harmless check of verify-relocation) here with their keys, each from its own address only, and that exactly the named
# host keys are trusted for migrations.
# changes: /var/lib/xensan/ssh: the migration key of this host, and the host keys of its peers
# undo: rm -r /var/lib/xensan/ssh
# changes: /root/.ssh/authorized_keys: the lines between # xensan: peers that may migrate domains to this host and # xensan: end of peers
# undo: remove these lines
# changes: /usr/local/lib/xensan/receive-domain: the only command that those keys may run
# undo: rm the file
# Arguments: any number of sender=NAME:ADDRESS:BASE64 (of its public key, `TYPE KEY`) and receiver=ADDRESS:BASE64 (of a
# host key).
# Prints done<TAB>prepared or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (ToolMissing ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: relocation.sh

have ssh-keygen || refuse ToolMissing "no ssh and ssh-keygen on this host: install openssh-client"
take_lock relocation 30
changed=

mkdir -p "$relocation_dir" 2>"$run_dir/error" || refuse_write "$relocation_dir" "$(cat "$run_dir/error")"
chmod 700 "$state_dir" "$relocation_dir"
# A key without its public half is damaged, or its generation was interrupted: no peer can have authorized it.
if [ ! -s "$relocation_key" ] || [ ! -s "$relocation_key.pub" ]; then
	rm -f "$relocation_key.new" "$relocation_key.new.pub"
	error=$(ssh-keygen -q -t ed25519 -N '' -C "xensan migration from $(uname -n)" -f "$relocation_key.new" 2>&1 </dev/null) ||
		refuse_write "$relocation_key" "$error"
	flush "$relocation_key.new"
	flush "$relocation_key.new.pub"
	mv -f "$relocation_key.new" "$relocation_key"
	mv -f "$relocation_key.new.pub" "$relocation_key.pub"
	flush_directory "$relocation_dir"
	changed=yes
fi

# same FILE NEW: FILE has the content of NEW.
same() {
	[ -f "$1" ] && cmp -s "$1" "$2"
}

cat >"$run_dir/receive-domain" <<'RECEIVER'
#!/bin/sh
# Written by xensan. What a peer's migration key may do on this host: receive a domain, or ask whether it could.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
case ${SSH_ORIGINAL_COMMAND-} in
'xl migrate-receive') exec xl migrate-receive ;;
'xensan verify-relocation')
	command -v xl >/dev/null || {
		echo 'no xl on this host' >&2
		exit 1
	}
	read -r boot </proc/sys/kernel/random/boot_id
	echo "xensan relocation 1 $boot"
	;;
*)
	echo 'this key is for xl migrate-receive only' >&2
	exit 126
	;;
esac
RECEIVER
if ! same "$relocation_receiver" "$run_dir/receive-domain" || [ ! -x "$relocation_receiver" ]; then
	(umask 022 && mkdir -p "${relocation_receiver%/*}") 2>"$run_dir/error" || refuse_write "$relocation_receiver" "$(cat "$run_dir/error")"
	replace_file "$relocation_receiver" 755 <"$run_dir/receive-domain"
	changed=yes
fi

# With -F FILE, ssh ignores the host's own ssh_config.
cat >"$run_dir/ssh-config" <<CONFIG
# Written by xensan: how this host reaches the peers to which it migrates domains.
Host *
User root
IdentityFile $relocation_key
IdentitiesOnly yes
IdentityAgent none
PreferredAuthentications publickey
BatchMode yes
ConnectTimeout 30
ServerAliveInterval 5
ServerAliveCountMax 6
StrictHostKeyChecking yes
UserKnownHostsFile $relocation_dir/known_hosts
GlobalKnownHostsFile /dev/null
UpdateHostKeys no
ForwardX11 no
ForwardAgent no
EscapeChar none
Compression no
CONFIG
: >"$run_dir/known_hosts"
: >"$run_dir/peers"
for argument; do
	rest=${argument#*=}
	case $argument in
	receiver=*) echo "${rest%%:*} $(printf %s "${rest#*:}" | base64 -d)" >>"$run_dir/known_hosts" ;;
	sender=*)
		name=${rest%%:*}
		rest=${rest#*:}
		echo "restrict,from=\"${rest%%:*}\",command=\"$relocation_receiver\" $(printf %s "${rest#*:}" | base64 -d) xensan:$name" \
			>>"$run_dir/peers"
		;;
	*) refuse InvalidArgument "$argument is neither sender= nor receiver=" ;;
	esac
done
for file in ssh-config known_hosts; do
	target=$relocation_dir/${file#ssh-}
	same "$target" "$run_dir/$file" || {
		replace_file "$target" 600 <"$run_dir/$file"
		changed=yes
	}
done

find_authorized_keys
keys=$authorized_keys
peers_block "$keys" >"$run_dir/peers.now"
# A block without its end mark would include the lines that follow it.
if ! same "$run_dir/peers.now" "$run_dir/peers" || { [ -f "$keys" ] && [ "$(grep -cxF "$relocation_begin" "$keys")" != "$(grep -cxF "$relocation_end" "$keys")" ]; }; then
	mode=600
	[ ! -f "$keys" ] || mode=$(stat -c %a "$keys")
	{
		[ ! -f "$keys" ] || awk -v first="$relocation_begin" -v last="$relocation_end" -v receiver="command=\"$relocation_receiver\"" '
			$0 == first || $0 == last || index($0, receiver) { next }
			{ print }' "$keys"
		if [ -s "$run_dir/peers" ]; then
			echo "$relocation_begin"
			cat "$run_dir/peers"
			echo "$relocation_end"
		fi
	} >"$run_dir/authorized_keys"
	[ -d "${keys%/*}" ] || mkdir -p "${keys%/*}"
	replace_file "$keys" "$mode" <"$run_dir/authorized_keys"
	changed=yes
fi
rm -f "$run_dir/authorized_keys" "$run_dir/peers" "$run_dir/peers.now" "$run_dir/known_hosts" "$run_dir/ssh-config" "$run_dir/receive-domain"
[ -z "$changed" ] || finish prepared
finish unchanged
