/**
 * Debian's vblade 25 and systemd's handling of its instances. A running vblade is a process of this machine that has
 * its backing and a socket open, in that order; @FAKE@/units/NAME has the id of an instance's process, @FAKE@/vblades
 * those of all.
 */

/**
 * It runs as `vblade SHELF SLOT INTERFACE FILE OPTION…`, without an interpreter in front as a script would have: bash
 * under that name, for which SHELF is a file to execute. So its options come last.
 */
export const vblade = `#!/bin/bash
FAKE=@FAKE@
mode=O_RDWR
case " $* " in *" -r "*) mode=O_RDONLY ;; esac
[ -e "$4" ] || { echo "open: No such file or directory" >&2; exit 1; }
echo "pid $$: e$1.$2, $(($("$FAKE/bin/stat" -L -c %s -- "$4") / 512)) sectors $mode"
read -r flags <"$FAKE/../sys/class/net/$3/flags"
[ $((flags & 1)) = 1 ] || { printf 'putpkt aoe id: Network is down\\nread network: Network is down\\n' >&2; exit 1; }
mkdir -p "$FAKE/shelves"
cat >"$FAKE/shelves/$1" <<'END'
FAKE=@FAKE@
printf vblade >/proc/self/comm
exec 4<"$3" 3<>/dev/udp/127.0.0.1/9 >/dev/null 2>&1 </dev/null
echo "$$" >>"$FAKE/vblades"
ln -s "/proc/$$" "$FAKE/../proc/$$"
read -r never <"$FAKE/forever"
END
cd "$FAKE/shelves" && exec -a vblade /bin/bash "$@"
`;

/** systemctl for vblade@NAME.service, in front of its other functions. */
export const vbladeUnits = `FAKE=@FAKE@
for unit; do :; done
case $unit in vblade@*.service)
	name=\${unit#vblade@} name=\${name%.service}
	main() {
		pid=0
		{ read -r pid <"$FAKE/units/$name"; } 2>/dev/null || return 1
		{ read -r word <"/proc/$pid/comm"; } 2>/dev/null && [ "$word" = vblade ] || return 1
		read -r state <"/proc/$pid/stat"
		case $state in *') Z '*) return 1 ;; esac
	}
	stop() {
		! main || kill "$pid"
		while main; do :; done
		rm -f "$FAKE/units/$name"
	}
	case $1 in
	stop) stop ;;
	restart)
		stop
		mkdir -p "$FAKE/units"
		echo 0 >"$FAKE/units/$name"
		shelf= slot= netif= filename= options=
		. "$FAKE/../etc/vblade.conf.d/$name.conf"
		if [ ! -f "$FAKE/../etc/systemd/system/vblade@.service.d/xensan.conf" ] || sh "$FAKE/../var/lib/xensan/guard" "$name" >>"$FAKE/journal.$name" 2>&1; then
			setsid "$FAKE/bin/vblade" $shelf $slot $netif $filename $options >>"$FAKE/journal.$name" 2>&1 </dev/null &
			echo "$!" >"$FAKE/units/$name"
			until [ -e "$FAKE/../proc/$!" ] || ! kill -0 "$!" 2>/dev/null; do :; done
		fi
		;;
	show)
		sub=dead active=inactive
		[ ! -f "$FAKE/units/$name" ] || sub=auto-restart active=activating
		if main; then sub=running active=active; else pid=0; fi
		case "$*" in
		*"MainPID --value"*) echo "$pid" ;;
		*"SubState --value"*) echo "$sub" ;;
		*) printf 'ActiveState=%s\\nSubState=%s\\nResult=exit-code\\n' "$active" "$sub" ;;
		esac
		;;
	esac
	exit 0
	;;
esac
`;

/** Messages of the instance's vblade. */
export const journalctl = `#!/bin/sh
unit=$6
name=\${unit#vblade@}
cat "@FAKE@/journal.\${name%.service}" 2>/dev/null
`;

/** No instance name needs escaping here. */
export const systemdEscape = `#!/bin/sh
echo "$2"
`;
