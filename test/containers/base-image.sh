#!/bin/sh
# Makes the image debian:RELEASE-slim from this machine's own package sources, unless it is there already.
# Arguments: RELEASE, bookworm unless given. Exit codes: 0 the image is there, 1 it cannot be made and why is on stderr.
set -eu
release=${1:-bookworm}
image=debian:$release-slim

if ! docker info >/dev/null 2>&1; then
	echo "no container engine answers: start dockerd (apt-get install docker.io)" >&2
	exit 1
fi
if docker image inspect "$image" >/dev/null 2>&1; then exit 0; fi
if [ "${XENSAN_PULL_IMAGES:-}" = 1 ] && docker pull -q "$image" >/dev/null 2>&1; then exit 0; fi
if ! command -v mmdebstrap >/dev/null 2>&1; then
	echo "the image $image is not there: install mmdebstrap to make it, or set XENSAN_PULL_IMAGES=1 to pull it" >&2
	exit 1
fi

# shellcheck disable=SC2016
# One line for each mirror of this machine and each suite of RELEASE on it.
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null | sort -u |
	awk -v release="$release" '$1 ~ /\/debian\/?$/ { print "deb " $1 " " release " main"; print "deb " $1 " " release "-updates main" }
		$1 ~ /\/debian-security\/?$/ { print "deb " $1 " " release "-security main" }' | sort -u)
if [ -z "$sources" ]; then
	echo "apt on this machine knows no Debian mirror (apt-get update?): cannot make $image" >&2
	exit 1
fi
echo "making $image from this machine's Debian mirror; takes a minute, once" >&2
printf '%s\n' "$sources" |
	mmdebstrap --quiet --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$release" - - |
	docker import --change 'CMD ["/bin/sh"]' - "$image" >/dev/null
docker image inspect "$image" >/dev/null
