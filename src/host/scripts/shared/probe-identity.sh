# include: addressee.sh
# Which machine this is, in which boot, and who has claimed it.

probe_identity() {
	word /proc/sys/kernel/hostname
	[ -n "$value" ] || return 1
	row identity hostname "${value%%.*}"
	machine_id
	[ -n "$machine_id" ] || {
		echo "no /etc/machine-id, and no product UUID in its place" >&2
		return 1
	}
	row identity machine-id "$machine_id"
	word /proc/sys/kernel/random/boot_id
	row identity boot-id "$value"
	for claim_file in "$claims_dir"/*; do
		{ IFS= read -r value <"$claim_file"; } 2>/dev/null || continue
		row identity "claim-${claim_file##*/}" "$value"
	done
}
