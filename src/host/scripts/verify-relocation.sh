#!/bin/sh
# Asks a peer whether it would receive a domain, with the migration key and the name under which domains are sent. Touches
# no domain.
# Arguments: ADDRESS.
# Prints done<TAB>verified.
# Exit codes: 0 done, 3 refused (PeerUnreachable PeerRefuses).
set -eu
# include: prelude.sh
# include: relocation.sh

[ -s "$relocation_dir/config" ] || refuse PeerRefuses "this host has no migration key yet"
mkdir -p "$run_dir"
answer=$run_dir/relocation.$$
tidy() {
	rm -f "$answer" "$answer.err"
}
at_exit tidy
code=0
ssh -n -F "$relocation_dir/config" "$1" 'xensan verify-relocation' >"$answer" 2>"$answer.err" || code=$?
read -r said <"$answer" || said=
case $said in 'xensan relocation 1 '*) finish verified ;; esac
# ssh ends its lines with a carriage return, as for a terminal.
words=$(tail -n 3 "$answer.err" | tr -d '\r' | tr '\n' ' ')
case $code.$words in
255.*'Permission denied'* | 255.*'Host key verification failed'* | 255.*'host key is known'* | 255.*'Too many authentication'*)
	refuse PeerRefuses "$1: ${words% }"
	;;
255.*) refuse PeerUnreachable "$1: ${words% }" ;;
*) refuse PeerRefuses "$1 answers, but not as a host that receives domains (exit $code): $words$said" ;;
esac
