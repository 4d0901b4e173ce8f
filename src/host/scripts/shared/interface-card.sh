# The card behind the name of an interface: the kernel may exchange eth0 and eth1 at a boot, and two segments may use one
# shelf.slot. The fourth line of an export's record has its interface and the MAC address (sysfs class/net/*/address).

# card_of NET: sets card to its MAC address; empty if there is no such interface.
card_of() {
	card=
	{ IFS= read -r card; } 2>/dev/null <"/sys/class/net/$1/address" || :
}

# card_moved NET RECORDED RECORDS: RECORDED is the fourth line of the record of an export on NET, or empty. Prints how NET became
# another card; nothing if it is the recorded one, or one that replaced it: then the recorded card is gone.
card_moved() {
	card_of "$1"
	card_now=$card
	[ "$2" != "$1 $card_now" ] || return 0
	case $2 in
	"$1 "?*)
		for card_sys in /sys/class/net/*; do
			# A VLAN or bridge has the MAC address of a card below it, and a bond may change to that of another one.
			[ -e "$card_sys/device" ] || continue
			[ ! -e "/sys/class/net/$1/lower_${card_sys##*/}" ] || continue
			card_of "${card_sys##*/}"
			[ "$1 $card" = "$2" ] || continue
			echo "the recorded card $card is ${card_sys##*/} now"
			return 0
		done
		;;
	esac
	[ -n "$card_now" ] || return 0
	# The recorded card of another interface that has another card now.
	for card_record in "$3"/*; do
		card_was=
		{ IFS= read -r _ && IFS= read -r _ && IFS= read -r _ && IFS= read -r card_was; } 2>/dev/null <"$card_record" || continue
		case $card_was in "$1 $card_now") ;; *" $card_now")
			card_of "${card_was% *}"
			[ "$card" != "$card_now" ] || continue
			echo "its card $card_now is recorded as ${card_was% *}"
			return 0
			;;
		esac
	done
}
