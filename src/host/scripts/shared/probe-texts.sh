# include: boot-settings.sh
# include: relocation.sh
# include: o2cb.sh
# Reads plain text files with one awk: a process for each file would cost more than the reading.

# texts SECTION…: prints the rows of these sections, each with its end. For o2cb it prints nothing and writes what
# read_settings needs to $work/settings.
texts() {
	texts_now=" $* "
	set --
	case $texts_now in *' block '*) list_blocks ;; esac
	case $texts_now in *' migrations '*) list_runs ;; esac
	case $texts_now in
	*' relocation '*)
		has_key=no
		[ ! -s "$relocation_key" ] || has_key=yes
		find_authorized_keys
		host_keys=
		for file in /etc/ssh/ssh_host_*_key.pub; do
			case $file in */ssh_host_dsa_key.pub) continue ;; esac
			[ ! -f "$file" ] || host_keys="$host_keys $file"
		done
		set -- -v has_key="$has_key" -v migration_key="$relocation_key" -v relocation_dir="$relocation_dir" \
			-v authorized_keys="$authorized_keys" -v host_keys="$host_keys" -v peers_begin="$relocation_begin" \
			-v peers_end="$relocation_end" -v receiver="$relocation_receiver"
		;;
	esac
	texts_code=0
	# shellcheck disable=SC2086
	awk -v work="$work" -v sections="$texts_now" -v cluster_file="$cluster_conf" -v default_file="$cluster_default" "$@" \
		"$escape_fields$target_words$storage_words$kernel_log_words$peers_words$relocation_words$migration_words$boot_words$cluster_words"'
		function over(section, told) { print "end\t" section (told ? "\tknown\t0\t" : "\tunknown\t1\tits source cannot be read") }
		function settings(   file, text) {
			file = work "/settings"
			printf "%s", boot_settings() >file
			print first("/proc/sys/kernel/panic_on_oops") >file
			print first("/proc/sys/kernel/panic") >file
			text = cluster_default(default_file)
			printf "%s", (text == "" ? "\n" : text) >file
			printf "%s", cluster_conf(cluster_file) >file
			close(file)
		}
		BEGIN {
			count = split(sections, section, " ")
			for (i = 1; i <= count; i++) {
				name = section[i]
				if (name == "mounts") over(name, mounts())
				if (name == "block") over(name, block())
				if (name == "kernel-log") over(name, kernel_log())
				if (name == "relocation") over(name, relocation())
				if (name == "migrations") over(name, migrations())
				if (name == "o2cb") settings()
			}
		}' $boot_files 2>"$work/texts.err" || texts_code=$?
	[ "$texts_code" != 0 ] || return 0
	rm -f "$work/settings"
	# Earlier output of a section does not count: a section that ends twice is unknown.
	for name in $texts_now; do
		[ "$name" = o2cb ] || over "$name" 1 texts
	done
}

# read_settings: sets what boot_settings sets, panic_on_oops_now, panic_now and cluster_default_row (empty without such
# a file), and writes the rows of cluster.conf to $work/cluster-conf. Runs once; fails when the texts could not be read.
read_settings() {
	[ -z "$settings_read" ] || return 0
	[ -f "$work/settings" ] || return 1
	{
		read_boot_settings
		IFS= read -r panic_on_oops_now
		IFS= read -r panic_now
		IFS= read -r cluster_default_row
		while IFS= read -r line; do printf 'o2cb\t%s\n' "$line"; done >"$work/cluster-conf"
	} <"$work/settings"
	settings_read=yes
}
settings_read=
