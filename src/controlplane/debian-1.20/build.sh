#!/bin/sh
# Builds kube-apiserver and etcd from Debian's packages, for machines that reach a Debian mirror but not the
# Kubernetes download site.
#
# Usage:   build.sh OUTPUT_DIR
# Needs:   root (it installs a Go compiler with apt-get) and Debian 12 (bookworm) package sources.
# Prints:  one line per step on stdout, "step N/7 text"; the tools' own output goes to OUTPUT_DIR/build.log.
# Leaves:  OUTPUT_DIR/kube-apiserver and OUTPUT_DIR/etcd, each renamed into place once complete.
# Exits:   0 both binaries are there; 1 a step failed (the last lines of the log are on stderr); 2 wrong usage;
#          3 this machine cannot build them (not root, or not Debian 12).
set -eu

[ $# -eq 1 ] || { echo "usage: build.sh OUTPUT_DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
log=$out/build.log
version=1.20.2

[ "$(id -u)" = 0 ] || { echo "building the control plane needs root, for apt-get" >&2; exit 3; }
grep -q '^VERSION_CODENAME=bookworm' /etc/os-release 2>/dev/null ||
  { echo "building the control plane needs Debian 12 (bookworm)" >&2; exit 3; }

# One build at a time: a second one waits, and then finds the binaries there.
exec 9>"$out/build.lock"
if ! flock -n 9; then
  echo "another process is building the control plane: waiting for it"
  flock 9
  [ ! -x "$out/kube-apiserver" ] || [ ! -x "$out/etcd" ] || exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/xensan-control-plane.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

step() { echo "step $1/7 $2"; }
fail() { echo "failed: $1; the end of $log:" >&2; tail -n 25 "$log" >&2; exit 1; }
run() { what=$1; shift; "$@" >>"$log" 2>&1 </dev/null || fail "$what"; }

: >"$log"
export DEBIAN_FRONTEND=noninteractive

step 1 "reading the package lists"
# The machine's own Debian sources, and their source packages: the mirror is the one that this machine already uses.
lists=$work/sources.list.d
mkdir -p "$lists"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$file" ] || continue
  sed -n '/bookworm/s/^deb\([[:space:]]\)/deb-src\1/p' "$file" >>"$lists/source.list"
done
for file in /etc/apt/sources.list.d/*.sources; do
  { [ -f "$file" ] && grep -q bookworm "$file"; } || continue
  sed 's/^Types:.*/Types: deb deb-src/' "$file" >"$lists/$(basename "$file")"
done
run "apt-get update" apt-get -q update
apt_src() { apt-get -q -o Dir::Etc::SourceParts="$lists" -o Dir::Etc::SourceList=/dev/null -o Dir::State::Lists="$work/lists" "$@"; }
mkdir -p "$work/lists/partial"
run "apt-get update of source packages" apt_src update

step 2 "installing the Go compiler"
run "apt-get install golang-1.19-go" apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
  install golang-1.19-go rsync dpkg-dev
export PATH="/usr/lib/go-1.19/bin:$PATH"

step 3 "fetching etcd"
cd "$work"
run "apt-get download etcd-server" apt-get -q -o APT::Sandbox::User=root download etcd-server
run "unpacking etcd-server" dpkg-deb -x ./etcd-server_*.deb "$work/etcd"

step 4 "fetching the source of Kubernetes $version"
run "apt-get source kubernetes" apt_src -o APT::Sandbox::User=root source --download-only kubernetes
run "unpacking the source" dpkg-source --no-check -x ./kubernetes_*.dsc "$work/kubernetes"
# The vendored reflect2 1.0.1 walks maps in a way that Go 1.18 and later no longer allow: the server would crash on the
# first custom resource. Debian packages 1.0.2, which is made for it.
run "apt-get download reflect2" apt-get -q -o APT::Sandbox::User=root download golang-github-modern-go-reflect2-dev
run "unpacking reflect2" dpkg-deb -x ./golang-github-modern-go-reflect2-dev_*.deb "$work/reflect2"
reflect2=$work/kubernetes/vendor/github.com/modern-go/reflect2
rm -f "$reflect2"/*.go
cp "$work"/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2/*.go "$reflect2/"

step 5 "generating the OpenAPI definitions"
export GOPATH="$work/go" GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOCACHE="$work/cache"
mkdir -p "$GOPATH/src/k8s.io" "$GOPATH/bin"
ln -s "$work/kubernetes" "$GOPATH/src/k8s.io/kubernetes"
cd "$GOPATH/src/k8s.io/kubernetes"
run "building openapi-gen" go build -o "$GOPATH/bin/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=true' pkg/apis staging/src/k8s.io vendor/k8s.io |
  grep -v -e /testdata/ -e /sample- -e /code-generator/ -e /kube-openapi/ |
  while read -r file; do dirname "$file"; done |
  sed -e 's,^staging/src/,k8s.io/kubernetes/vendor/,' -e 's,^vendor/,k8s.io/kubernetes/vendor/,' \
    -e 's,^pkg/,k8s.io/kubernetes/pkg/,' |
  sort -u | paste -s -d , -)
run "running openapi-gen" "$GOPATH/bin/openapi-gen" --logtostderr -O zz_generated.openapi \
  -p k8s.io/kubernetes/pkg/generated/openapi -i "$packages" -h /dev/null --output-base "$GOPATH/src" \
  -r "$work/violations"

step 6 "compiling kube-apiserver (the long step: about three minutes on two cores)"
# The linker knows a vendored package by its full path. Two packages contain the version: one prints and serves it, the
# other sends it to servers.
flags="-s -w"
for package in component-base/version client-go/pkg/version; do
  at=k8s.io/kubernetes/vendor/k8s.io/$package
  flags="$flags -X $at.gitVersion=v$version -X $at.gitMajor=1 -X $at.gitMinor=20 -X $at.gitTreeState=clean"
done
run "compiling kube-apiserver" go build -trimpath -ldflags "$flags" -o "$work/kube-apiserver" ./cmd/kube-apiserver

step 7 "installing the binaries"
install -m 755 "$work/etcd/usr/bin/etcd" "$out/etcd.new"
install -m 755 "$work/kube-apiserver" "$out/kube-apiserver.new"
mv "$out/etcd.new" "$out/etcd"
mv "$out/kube-apiserver.new" "$out/kube-apiserver"
