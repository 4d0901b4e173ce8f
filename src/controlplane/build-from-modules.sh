#!/bin/sh
# Builds programs of the control plane, and clients that the tests compare with, from Go modules, whose releases and
# checksums stand in MODULES_DIR/*/go.mod and go.sum.
#
# Usage:   build-from-modules.sh MODULES_DIR MINOR OUTPUT_DIR PROGRAM...
#          MINOR chooses MODULES_DIR/kubernetes-MINOR; PROGRAM is etcd, kube-apiserver, kube-controller-manager, kubectl
#          or helm; or, from test/gitops/modules, kustomize-controller or kstatus.
# Needs:   Go as new as the modules ask for, the module proxy, about 4 GB for Go's caches (go env GOMODCACHE GOCACHE).
# Prints:  one line per step on stdout, "step N/M text"; Go's own output goes to OUTPUT_DIR/build.log.
# Leaves:  OUTPUT_DIR/PROGRAM, each renamed into place once complete. What is there already is not built again.
# Exits:   0 all are there; 1 a step failed (the last lines of the log are on stderr); 2 wrong usage;
#          3 this machine has no Go that is new enough; 4 a module cannot be had.
set -eu

[ $# -ge 4 ] || { echo "usage: build-from-modules.sh MODULES_DIR MINOR OUTPUT_DIR PROGRAM..." >&2; exit 2; }
modules=$(cd "$1" && pwd)
kubernetes=kubernetes-$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
shift 3
log=$out/build.log

folder_of() {
  case $1 in
    kube-apiserver | kube-controller-manager | kubectl) echo "$kubernetes" ;;
    etcd | helm | kustomize-controller | kstatus) echo "$1" ;;
    *) echo "no program of a control plane: $1" >&2; exit 2 ;;
  esac
}
package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    helm) echo helm.sh/helm/v4/cmd/helm ;;
    kustomize-controller) echo github.com/fluxcd/kustomize-controller ;;
    kstatus) echo . ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}
# The release that a folder pins: its one direct requirement.
release_of() { sed -n 's,^.*\(k8s\.io/kubernetes\|go\.etcd\.io/etcd/server/v3\|helm\.sh/helm/v4\|github\.com/fluxcd/kustomize-controller\|sigs\.k8s\.io/cli-utils\) \(v[0-9][^ ]*\).*$,\2,p' "$modules/$1/go.mod" | head -n 1; }
for program in "$@"; do folder_of "$program" >/dev/null; done

command -v go >/dev/null 2>&1 || { echo "there is no Go compiler (go is not on PATH)" >&2; exit 3; }
export GOWORK=off GO111MODULE=on CGO_ENABLED=0
for program in "$@"; do
  cd "$modules/$(folder_of "$program")"
  # A Go that is too old does not understand the file, or may not fetch a newer Go.
  if ! why=$(go list -m 2>&1); then
    wanted=$(sed -n 's/^go //p' go.mod)
    echo "Go $wanted or newer is needed, and $(go env GOVERSION 2>/dev/null || echo go) cannot be used: $why" >&2
    exit 3
  fi
done

# One build at a time: a second one waits, and then finds the programs there.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$out/build.lock"
  if ! flock -n 9; then
    echo "another process is building the control plane: waiting for it"
    flock 9
  fi
fi
missing=
steps=1
for program in "$@"; do
  [ -x "$out/$program" ] || { missing="$missing $program"; steps=$((steps + 1)); }
done
[ -n "$missing" ] || exit 0

work=$(mktemp -d "${TMPDIR:-/tmp}/xensan-control-plane.XXXXXX")
new=
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
trap 'exit 1' HUP INT TERM
export GOTMPDIR="$work"

end_of_log() { echo "the end of $log:"; tail -n 15 "$log"; }
disk_full() {
  ! grep -q "no space left on device" "$log" || {
    echo "the disk is full: the build needs about 4 GB below $(go env GOMODCACHE) and $(go env GOCACHE), and room in ${TMPDIR:-/tmp} and $out" >&2
    exit 1
  }
}

: >"$log"
step=1
echo "step $step/$steps fetching the Go modules"
# Go runs without the lock's descriptor: a compiler that outlives this script must not keep the lock.
for program in $missing; do
  folder=$(folder_of "$program")
  cd "$modules/$folder"
  go list -mod=readonly -deps "$(package_of "$program")" 2>>"$log" >/dev/null </dev/null 9>&- && continue
  disk_full
  if grep -q -e "checksum mismatch" -e "SECURITY ERROR" -e "missing go.sum entry" "$log"; then
    { echo "a module of $program is not the one that $modules/$folder/go.sum names"; end_of_log; } >&2
    exit 1
  fi
  why=$(grep -v '^go: downloading' "$log" | head -n 1)
  echo "the module proxy does not serve what $program $(release_of "$folder") is built from: $why" >&2
  exit 4
done

for program in $missing; do
  step=$((step + 1))
  folder=$(folder_of "$program")
  release=$(release_of "$folder")
  case $program in
    kube-apiserver) long=" (the long step: about four minutes on two cores)" ;;
    *) long= ;;
  esac
  echo "step $step/$steps compiling $program $release$long"
  flags="-s -w"
  case $program in
    etcd | kustomize-controller | kstatus) ;;
    helm) flags="$flags -X helm.sh/helm/v4/internal/version.version=$release" ;;
    *)
      minor=${release#v1.}
      # Two packages contain the version: one prints and serves it, the other sends it to servers.
      for package in component-base/version client-go/pkg/version; do
        at=k8s.io/$package
        flags="$flags -X $at.gitVersion=$release -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*} -X $at.gitTreeState=clean"
      done
      ;;
  esac
  cd "$modules/$folder"
  new=$out/.$program.$$
  go build -mod=readonly -trimpath -buildvcs=false -ldflags "$flags" -o "$new" "$(package_of "$program")" \
    >>"$log" 2>&1 </dev/null 9>&- || {
    disk_full
    { echo "compiling $program $release failed"; end_of_log; } >&2
    exit 1
  }
  mv "$new" "$out/$program"
  new=
done
