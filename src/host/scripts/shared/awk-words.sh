# awk functions that many scripts share: $escape_fields.

# esc() escapes a tab, a newline and a backslash as mountinfo does, first() returns the first line of a file, and hex()
# converts a hexadecimal number.
escape_fields='
function esc(s,   out, i, c) {
	if (s !~ /[\t\n\\]/) return s
	out = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		out = out (c == "\t" ? "\\011" : c == "\n" ? "\\012" : c == "\\" ? "\\134" : c)
	}
	return out
}
function first(file,   line) {
	line = ""
	if ((getline line < file) < 0) line = ""
	close(file)
	return line
}
function hex(s,   i, n) {
	n = 0
	for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", tolower(substr(s, i, 1))) - 1
	return n
}
'
