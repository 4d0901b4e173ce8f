#!/bin/sh
# Ensures the file from which a domain is built, /var/lib/xensan/domains/UUID.cfg, and beside it whose it is.
# Arguments: OWNER UUID BASE64 (of the text).
# Prints done<TAB>written or done<TAB>unchanged.
# Exit codes: 0 done, 3 refused (InvalidArgument ReadOnlyFileSystem NoSpace), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh

owner=$1
file=$state_dir/domains/$2.cfg
take_lock "domain-$2" 30
printf %s "$3" | base64 -d >"$run_dir/$2.cfg" || refuse InvalidArgument "the text is not base64"
trap 'rm -f "$run_dir/${file##*/}"' EXIT
now_owner=
{ IFS= read -r now_owner <"$file.owner"; } 2>/dev/null || :
if cmp -s "$file" "$run_dir/$2.cfg" && [ "$now_owner" = "$owner" ]; then finish unchanged; fi
printf '%s\n' "$owner" | replace_file "$file.owner" 600
replace_file "$file" 600 <"$run_dir/$2.cfg"
finish written
