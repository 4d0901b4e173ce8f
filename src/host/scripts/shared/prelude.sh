# Every script begins with this: the usual paths of the tools, untranslated messages, private new files, the ways to end,
# and the check of the machine.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
# run_dir is for locks and for what must not survive a boot, state_dir for what must survive it.
run_dir=/run/xensan
state_dir=/var/lib/xensan

finish() {
	printf 'done\t%s\n' "$1"
	exit 0
}

# refuse REASON MESSAGE: a precondition does not hold.
refuse() {
	printf 'refused\t%s\t%s\n' "$1" "$(printf '%s' "$2" | tr '\n\t' '  ')"
	exit 3
}

# at_exit COMMAND: runs COMMAND when this script ends, before those of earlier calls. A shell has only one EXIT trap.
exit_commands=
at_exit() {
	exit_commands="$1${exit_commands:+; $exit_commands}"
	# shellcheck disable=SC2064
	trap "$exit_commands" EXIT
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# find_init: sets init to systemd, sysvinit or other.
find_init() {
	if [ -d /run/systemd/system ]; then
		init=systemd
	elif [ -f /etc/inittab ] && { [ -p /run/initctl ] || [ -p /dev/initctl ]; }; then
		init=sysvinit
	else
		init=other
	fi
}

# limited SECONDS COMMAND…: runs COMMAND, with a time limit if the host has timeout(1).
limited() {
	if have timeout; then
		timeout "$@"
	else
		shift
		"$@"
	fi
}
# include: addressee.sh
