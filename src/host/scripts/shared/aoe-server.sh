# require_server DEVICE SERVER INTERFACE: refuses unless SERVER, and no other host, serves the AoE target behind
# DEVICE. The serial number of a target is `shelf.slot:hostname`, truncated to 19 characters.
require_server() {
	server_address=${1#/dev/etherd/e}
	case $server_address in
	*[!0-9.]* | *.*.* | .* | *.) refuse InvalidArgument "$1 is not an AoE device" ;;
	*.*) ;;
	*) refuse InvalidArgument "$1 is not an AoE device" ;;
	esac
	server_serial=$(aoeping -I -s 3 "${server_address%.*}" "${server_address#*.}" "$3" 2>/dev/null </dev/null 9>&- |
		awk '$1 == "serial_number:" { print $2; exit }') 2>/dev/null || server_serial=
	if [ -z "$server_serial" ] && have aoe-revalidate; then
		# aoeping drops answers shorter than 60 bytes, and vblade's are shorter unless a network card pads them. The driver
		# queries the target too, and ata_id prints the answer that the driver keeps.
		aoe-revalidate "e$server_address" >/dev/null 2>&1 </dev/null 9>&- || :
		sleep 1
		for server_tool in /lib/udev/ata_id /usr/lib/udev/ata_id; do
			[ -x "$server_tool" ] || continue
			server_serial=$("$server_tool" --export "$1" 2>/dev/null </dev/null 9>&- | sed -n 's/^ID_SERIAL_SHORT=//p')
			break
		done
	fi
	[ -n "$server_serial" ] || refuse DeviceMissing "e$server_address does not answer on $3"
	case $server_serial in
	"$server_address":?*) ;;
	*) refuse WrongServer "e$server_address reports the serial number $server_serial, which is not vblade's" ;;
	esac
	server_name=${server_serial#*:}
	if [ "${#server_serial}" -ge 19 ]; then
		case $2 in "$server_name"*) ;; *) case $server_name in "$2".*) ;; *) refuse WrongServer "e$server_address is served by $server_name, not by $2" ;; esac ;; esac
	else
		[ "${server_name%%.*}" = "$2" ] || refuse WrongServer "e$server_address is served by $server_name, not by $2"
	fi
	if have aoecfg; then
		server_count=$(aoecfg -t 1 "$3" 2>/dev/null </dev/null 9>&- | awk -v name="$server_address" '$1 == name { n++ } END { print n + 0 }')
		[ "$server_count" -le 1 ] || refuse WrongServer "$server_count servers answer for e$server_address on $3"
	fi
}
