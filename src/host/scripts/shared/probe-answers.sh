# What parts have left to be told until all of them are over, so that one awk reads all of it.

# tell FILE…: prints these files. In the place of a line `later WHAT …` come the rows that are made of what it left in $work.
tell() {
	awk -v work="$work" "$escape_fields$xl_words$superblock_words$aoe_words$backend_words$image_words"'
		# last_words: the first of the last three lines of what the toolstack said, its hints before its list.
		function last_words(   line, kept, count, list) {
			while ((getline line < (work "/domains.hints")) > 0) kept[++count] = line
			while ((getline line < (work "/domains.said")) > 0) { kept[++count] = line; list++ }
			return kept[count > 3 ? count - 2 : 1]
		}
		function end_of_domains(code,   why) {
			if (code == absent) return "end\tdomains\tabsent\t0\t"
			why = last_words()
			gsub(/\t/, " ", why)
			return "end\tdomains\tunknown\t1\t" (why == "" ? "exit code 1" : substr(why, 1, 300))
		}
		BEGIN { absent = 9 }
		/^later\t/ {
			split($0, what, "\t")
			if (what[2] == "superblock") superblock(what[3], "filesystems\t", "\t" what[4])
			if (what[2] == "aoe-devices") aoe_devices()
			if (what[2] == "images") images()
			if (what[2] == "domains" && !xl_list(work "/domains.said", "domains\tdomain\t")) domains_end = end_of_domains(what[3])
			next
		}
		/^end\tdomains\t/ && domains_end != "" { $0 = domains_end }
		{ print }' "$@"
}
