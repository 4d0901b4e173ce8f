#!/bin/sh
# mmdebstrap's customize hook: fetches the packages named in LAB_OFFERED with all that they need and the image lacks, and
# makes an apt repository of them in /var/local/apt.
# Arguments: ROOT
set -eu
repository=$1/var/local/apt
mkdir -p "$repository/partial"
# shellcheck disable=SC2086
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -y --no-install-recommends --download-only \
	-o Dir::Cache::archives="$repository/" install $LAB_OFFERED >/dev/null
rm -rf "$repository/partial" "$repository/lock"
cd "$repository"
for package in *.deb; do
	dpkg-deb -f "$package"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
		"$package" "$(stat -c %s "$package")" "$(sha256sum "$package" | cut -d ' ' -f 1)"
done >Packages
