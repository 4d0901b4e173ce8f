# Names and ends a vblade.

unit_of() {
	echo "vblade@$(systemd-escape -- "$1").service"
}

# end_vblade PID: ends it if it is still a vblade, and waits until it is gone.
end_vblade() {
	{ read -r end_name <"/proc/$1/comm"; } 2>/dev/null || return 0
	[ "$end_name" = vblade ] || return 0
	kill "$1" 2>/dev/null || return 0
	end_tries=0
	while { read -r end_name <"/proc/$1/comm"; } 2>/dev/null && [ "$end_name" = vblade ]; do
		read -r end_stat 2>/dev/null <"/proc/$1/stat" || return 0
		case $end_stat in *') Z '*) return 0 ;; esac
		end_tries=$((end_tries + 1))
		[ "$end_tries" -lt 100 ] || refuse ExportFailed "vblade process $1 does not end"
		pause
	done
}
