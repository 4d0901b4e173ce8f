#!/bin/sh
# Ensures that Debian packages are installed.
# changes: the packages vblade (SAN), aoetools and ocfs2-tools (dom0), with their dependencies; never with packages: Observe
# undo: apt-get remove PACKAGE
# Arguments: PACKAGE…
# Prints done<TAB>installed or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (NoPackageManager PackagesUnavailable NoSpace ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh

missing=
for package; do
	state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || :)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || finish unchanged
{ have apt-get && have dpkg-query; } || refuse NoPackageManager "no apt on this host: install$missing by hand"
take_lock packages 30
mkdir -p "$run_dir"
log=$run_dir/install-packages.log

# Asks no questions: changed configuration files stay as they are. apt itself waits for dpkg's lock; its children must
# not inherit ours.
apt() {
	DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 \
		apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1 </dev/null 9>&-
}

explain() {
	message=$(grep -E '^(E|W|dpkg): ' "$log" | head -n 3 | tr '\n' ' ')
	if grep -qE 'Could not get lock|Unable to (acquire|lock)' "$log"; then
		printf 'busy\tanother program holds the package lock: %s\n' "$(printf '%s' "$message" | tr '\t' ' ')"
		exit 4
	fi
	! grep -q 'Read-only file system' "$log" || refuse ReadOnlyFileSystem "cannot install$missing: $message"
	! grep -qE "No space left|don't have enough free space" "$log" || refuse NoSpace "cannot install$missing: $message"
	! grep -qE 'Unable to locate package|no installation candidate|Failed to fetch|Temporary failure resolving' "$log" ||
		refuse PackagesUnavailable "cannot install$missing: $message"
	tail -n 20 "$log" >&2
	exit 1
}

# An interrupted installation leaves packages half configured; apt then refuses everything until this has run.
if [ -n "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || dpkg --audit 2>/dev/null | grep -q .; then
	DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a >"$log" 2>&1 </dev/null 9>&- || :
fi
# shellcheck disable=SC2086
if ! apt install $missing; then
	# Package lists may be missing or old. apt-get update has no timeout for their lock.
	if grep -qE 'Unable to locate package|no installation candidate|Failed to fetch|404' "$log"; then
		tries=0
		until apt update; do
			{ grep -q 'Could not get lock' "$log" && [ "$tries" -lt 60 ]; } || explain
			tries=$((tries + 1))
			sleep 5
		done
		apt install $missing || explain
	else
		explain
	fi
fi
# apt's exit code is only a hint.
for package in $missing; do
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || :)" = installed ] || explain
done
finish installed
