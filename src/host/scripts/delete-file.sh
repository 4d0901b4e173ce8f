#!/bin/sh
# Ensures that a file which ensure-file created for this owner is gone. Touches nothing else, and nothing in use.
# changes: removes a backing file that ensure-file created, and its record in /var/lib/xensan/backings
# undo: not possible
# Arguments: OWNER PATH GLOB…
# Prints done<TAB>deleted or done<TAB>absent.
# Exit codes: 0 done, 3 refused (NotOurs StillExported BackingInUse BackingOutsideBounds BackingNotUsable
# ReadOnlyFileSystem), 4 busy.
set -eu
# include: prelude.sh
# include: lock.sh
# include: atomic.sh
# include: bounds.sh
# include: exports.sh
# include: records.sh
# include: writers.sh

owner=$1
asked=$2
shift 2
plain_path "$asked"
take_lock storage 40

directory=${asked%/*}
if [ ! -d "${directory:-/}" ]; then finish absent; fi
real_directory=$(resolve "${directory:-/}")
real=${real_directory%/}/${asked##*/}
gone=$real.xensan-deleted
record=$(record_of "$owner" "$real")

if [ ! -e "$real" ] && [ ! -L "$real" ]; then
	# Completes a deletion that was interrupted after its rename.
	if [ -f "$gone" ] && recorded "$record" "$owner" "$real" "$gone"; then rm -f "$gone"; fi
	rm -f "$record"
	finish absent
fi
[ ! -L "$real" ] || refuse NotOurs "$asked is a symbolic link"
facts_of "$real" || refuse BackingMissing "$asked vanished"
[ "$backing_kind" = File ] || refuse NotOurs "$asked is not a regular file"
backing_real=$real
recorded "$record" "$owner" "$real" "$real" || refuse NotOurs "$asked was not created for $owner"
require_file "$asked" "$@"
checked=$backing_identity
! exported_as "$checked" || refuse StillExported "$asked is served as $exported_user"
require_unwritten "$asked"
error=$(mv "$real" "$gone" 2>&1) || refuse_write "$asked" "$error"
# The renamed file is the one that gets deleted: check it again.
facts_of "$gone"
if [ "$backing_identity" != "$checked" ]; then
	[ -e "$real" ] || mv "$gone" "$real"
	refuse BackingChanged "$asked was replaced during the check"
fi
rm -f "$gone"
flush_directory "$real_directory"
rm -f "$record"
finish deleted
