# Which file system our entries of /etc/fstab mean: `UUID MOUNTPOINT`, one a line. The entry names a device, which may
# hold another file system after a boot; the loop that mounts at boot compares. The entry itself cannot say it: mount(8)
# passes an option that it does not know to the kernel.
mount_records=$state_dir/mounts

# recorded_mount MOUNTPOINT: prints the UUID; nothing if there is none, as of an older xensan.
recorded_mount() {
	[ ! -f "$mount_records" ] || awk -v point="$1" '$2 == point { print $1 }' "$mount_records"
}

# mount_records_without MOUNTPOINT: prints the other lines.
mount_records_without() {
	[ ! -f "$mount_records" ] || awk -v point="$1" '$2 != point' "$mount_records"
}
