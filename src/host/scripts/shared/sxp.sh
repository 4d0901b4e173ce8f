# How xend reads /etc/xen/xend-config.sxp: lists that may span lines, comments also inside of them, text between either
# kind of quotes. Of two lists with the same key the first counts.

# An awk program that calls list(KEY, VALUE, RAW) for each top-level list; VALUE has one blank for each run of blanks,
# line ends and comments. A list that list() does not append to kept is left out, and so is a line that becomes empty
# because of this. unended is the number of the line in which an unclosed list begins. printed(LINE) receives the rest,
# line by line.
# shellcheck disable=SC2016
sxp_lists='
{
	size = length($0)
	comment = 0
	for (at = 1; at <= size; at++) {
		c = substr($0, at, 1)
		if (depth == 0) {
			if (c == "(" && !comment) { depth = 1; unended = NR; raw = c; inner = ""; gap = 0; quote = "" }
			else { if (c == "#") comment = 1; kept = kept c }
			continue
		}
		raw = raw c
		if (comment) continue
		if (quote != "") {
			inner = inner c
			if (literal) literal = 0
			else if (c == "\\") literal = 1
			else if (c == quote) quote = ""
			continue
		}
		if (c == "#" && (gap || inner == "" || inner ~ /[(]$/)) { comment = 1; gap = 1; continue }
		if (c ~ /[ \t\r\f\v]/) { gap = 1; continue }
		if (c == ")" && --depth == 0) {
			key = inner
			sub(/[ (].*/, "", key)
			text = substr(inner, length(key) + 1)
			sub(/^ /, "", text)
			gsub(/^["\047]|["\047]$/, "", key)
			had = kept
			list(key, text, raw)
			if (kept == had) cut = 1
			unended = 0
			continue
		}
		if (gap && inner != "" && inner !~ /[(]$/ && c != ")") inner = inner " "
		gap = 0
		if (c == "(") depth++
		if (c == "\047" || c == "\"") quote = c
		inner = inner c
	}
	if (depth > 0) {
		raw = raw "\n"
		if (quote != "") inner = inner "\n"
		else gap = 1
		next
	}
	if (!cut || kept !~ /^[ \t\r]*$/) printed(kept)
	kept = ""
	cut = 0
}
'
