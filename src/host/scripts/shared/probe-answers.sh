# Parts defer some of their output until all parts have ended, so that one awk prints all of it.

# tell FILE…: prints these files. A line `later WHAT …` is replaced by rows made from what its part left in $work.
tell() {
	awk -v work="$work" -v run_dir="$run_dir" \
		"$escape_fields$identity_words$xl_words$superblock_words$target_words$aoe_words$backend_words$image_words$part_words$unit_words"'
		# last_words: the first line that last_hints prints: of the last three lines of the hints or, without hints, of the
		# list.
		function last_words(   line, kept, count) {
			while ((getline line < (work "/domains.hints")) > 0) kept[++count] = line
			if (!count) while ((getline line < (work "/domains.said")) > 0) kept[++count] = line
			return kept[count > 3 ? count - 2 : 1]
		}
		# unknown: makes this section end as unknown, whatever its part printed.
		function unknown(section, why) {
			gsub(/\t/, " ", why)
			ends[section] = "end\t" section "\tunknown\t1\t" (why == "" ? "exit code 1" : substr(why, 1, 300))
		}
		# domains: prints the list. Without a valid list, the section ends as absent on a host that is no dom0, otherwise as
		# unknown.
		function domains(absent) {
			if (xl_list(work "/domains.said", "domains\tdomain\t")) return
			if (absent == "absent") ends["domains"] = "end\tdomains\tabsent\t0\t"
			else unknown("domains", last_words())
		}
		/^later\t/ {
			split($0, what, "\t")
			if (what[2] == "superblock") superblock(what[3], "filesystems\t", "\t" what[4])
			if (what[2] == "aoe-devices") aoe_devices()
			if (what[2] == "images") images()
			if (what[2] == "domains") domains(what[3])
			if (what[2] == "units") {
				if ((why = first(work "/units-unknown")) != "") unknown("exports", why)
				else units()
			}
			if (what[2] == "services" && first(work "/units-unknown") == "") services()
			if (what[2] == "lvm") lvm()
			if (what[2] == "paths") paths(what[3], what[4])
			if (what[2] == "owned") owned()
			next
		}
		/^end\t/ {
			split($0, what, "\t")
			if (what[2] in ends) $0 = ends[what[2]]
		}
		{ print }' "$@"
}
