# Checks that this is the machine that the caller means and that no other object has claimed it: the address may now
# belong to another machine. These words may come before a script's own arguments, in this order:
#   machine=ID                          its machine-id
#   takes=CLUSTER NAMESPACE/NAME        the holder whose claim a user transferred to the caller
#   claim=KIND CLUSTER NAMESPACE/NAME   the calling object, and the management cluster that it lives in
# The first object of a KIND (AoeServer, XenHost) that acts here claims the machine in $state_dir/claims/KIND.
claims_dir=$state_dir/claims

# machine_id: sets machine_id; empty when the machine has none.
machine_id() {
	machine_id=
	for machine_file in /etc/machine-id /var/lib/dbus/machine-id /sys/class/dmi/id/product_uuid; do
		{ IFS= read -r machine_id <"$machine_file"; } 2>/dev/null || :
		[ "$machine_id" != uninitialized ] || machine_id=
		[ -z "$machine_id" ] || return 0
	done
}

require_machine() {
	machine_id
	[ "$machine_id" = "$1" ] || refuse MachineChanged "the machine-id is ${machine_id:-missing}, but $1 was recorded"
}

# require_claim KIND CLUSTER NAMESPACE/NAME
require_claim() {
	claim_wanted="$2 $3"
	for claim_file in "$claims_dir"/*; do
		{ IFS= read -r claim_held <"$claim_file"; } 2>/dev/null || continue
		if [ "$claim_held" = "$claim_takes" ]; then
			rm -f "$claim_file"
			continue
		fi
		case $claim_file/${claim_held%% *} in
		*/"$1/$2") [ "$claim_held" != "$claim_wanted" ] || continue ;;
		*/"$2") continue ;;
		esac
		refuse ClaimedElsewhere "$claim_file says that ${claim_file##*/} ${claim_held#* } of the management cluster ${claim_held%% *} has this machine"
	done
	[ ! -s "$claims_dir/$1" ] || return 0
	claim_error=$({ mkdir -p "$claims_dir" && printf '%s\n' "$claim_wanted" >"$claims_dir/.$1.$$"; } 2>&1) || case $claim_error in
	*"Read-only file system"*) refuse ReadOnlyFileSystem "$claims_dir is on a read-only file system" ;;
	*"No space left"*) refuse NoSpace "no space left for $claims_dir" ;;
	*)
		echo "$claims_dir: $claim_error" >&2
		exit 1
		;;
	esac
	# ln fails for the second of two callers, which then reads the claim of the first.
	[ -s "$claims_dir/$1" ] || rm -f "$claims_dir/$1"
	ln "$claims_dir/.$1.$$" "$claims_dir/$1" 2>/dev/null || :
	rm -f "$claims_dir/.$1.$$"
	claim_held=
	{ IFS= read -r claim_held <"$claims_dir/$1"; } 2>/dev/null || :
	[ "$claim_held" = "$claim_wanted" ] || refuse ClaimedElsewhere "$claims_dir/$1 cannot be written, or was claimed by ${claim_held:-an unknown holder}"
}

claim_takes=-
while :; do
	case ${1-} in
	machine=*) require_machine "${1#machine=}" ;;
	takes=*) claim_takes=${1#takes=} ;;
	claim=*)
		claim_words=${1#claim=}
		claim_rest=${claim_words#* }
		require_claim "${claim_words%% *}" "${claim_rest%% *}" "${claim_rest#* }"
		;;
	*) break ;;
	esac
	shift
done
