#!/bin/sh
# Pins what the control plane is built from: writes the go.mod and go.sum of one release into a folder of modules/; Flux's
# kustomize-controller, a client of the tests, into test/gitops/modules.
#
# Usage:   pin.sh kubernetes|etcd|helm|kustomize-controller VERSION      (pin.sh kubernetes 1.37.2)
# Needs:   Go that is as new as the release asks for, and the module proxy.
# Leaves:  modules/kubernetes-MINOR, modules/etcd or modules/helm, or test/gitops/modules/kustomize-controller and
#          source-controller (of the release it is made for), with go.mod and go.sum; builds nothing.
# Exits:   0 pinned; 1 the release cannot be had as Go modules (why stands on stderr); 2 wrong usage.
set -eu

usage() { echo "usage: pin.sh kubernetes|etcd|helm|kustomize-controller VERSION" >&2; exit 2; }
[ $# -eq 2 ] || usage
version=${2#v}
minor=$(echo "$version" | cut -d. -f1-2)
here=$(cd "$(dirname "$0")" && pwd)
modules=$here/modules
project=controlplane

case $1 in
  kubernetes)
    folder=kubernetes-$minor module=k8s.io/kubernetes
    tools="k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager k8s.io/kubernetes/cmd/kubectl"
    ;;
  etcd) folder=etcd module=go.etcd.io/etcd/server/v3 tools=$module ;;
  helm) folder=helm module=helm.sh/helm/v4 tools=$module/cmd/helm ;;
  kustomize-controller)
    folder=$1 module=github.com/fluxcd/$1 tools=github.com/fluxcd/$1
    modules=$(cd "$here/../../test/gitops/modules" && pwd)
    project=gitops
    ;;
  *) usage ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/xensan-pin.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
export GOWORK=off GO111MODULE=on

downloaded=$(go mod download -json "$module@v$version") || {
  echo "$module has no release v$version that the module proxy serves:" >&2
  echo "$downloaded" | sed -n 's/^[[:space:]]*"Error": //p' >&2
  exit 1
}
source=$(echo "$downloaded" | sed -n 's/^[[:space:]]*"GoMod": "\(.*\)",*$/\1/p')

{
  echo "module xensan.dev/$project/$folder"
  echo
  grep '^go ' "$source"
  echo
  echo "require $module v$version"
  for tool in $tools; do echo "tool $tool"; done
  # A release of Kubernetes uses the staging modules of its own tree; the same code is published as v0.MINOR.PATCH.
  sed -n 's,^[[:space:]]*\(k8s\.io/[a-z-]*\) => \./staging/.*,\1,p' "$source" | while read -r staging; do
    echo "replace $staging => $staging v0.${version#1.}"
  done
  # Flux is tested with its replacements, not with what its requirements name. A module that Flux replaces with one of
  # its own folders is published too, so that replacement is left out.
  [ "$project" != gitops ] || sed -n 's/^\(replace \)\{0,1\}[[:space:]]*\([^ ]* => [^.][^ ]* v[^ ]*\)$/replace \2/p' "$source"
} >go.mod
tidy() { go mod tidy || { echo "a module of $module v$version is not available (see above)" >&2; exit 1; }; }
tidy

# Modules that Helm shares with the newest Kubernetes get the releases of Kubernetes, so that both compile them once.
if [ "$1" = helm ]; then
  for newest in "$modules"/kubernetes-*; do :; done
  awk '
    NR == FNR && $1 == "replace" { theirs[$2] = $5 }
    NR == FNR && /^\t/ { theirs[$1] = $2 }
    NR != FNR && /^\t/ && $1 in theirs && theirs[$1] != $2 { print $1, theirs[$1] }
  ' "$newest/go.mod" go.mod >shared
  while read -r path release; do go mod edit -replace "$path=$path@$release"; done <shared
  rm shared
  tidy
fi

mkdir -p "$modules/$folder"
mv go.mod go.sum "$modules/$folder/"
[ "$project" = gitops ] || exit 0

# Only the definitions of source-controller are used, so its own requirements are not followed.
sources=github.com/fluxcd/source-controller
release=$(sed -n "s,^[[:space:]]*$sources/api \\(v[0-9][^ ]*\\).*,\\1,p" "$source")
printf 'module xensan.dev/gitops/source-controller\n\n%s\n\nrequire %s %s\n' "$(grep '^go ' "$source")" "$sources" "$release" >go.mod
GOFLAGS=-mod=mod go mod download "$sources"
mkdir -p "$modules/source-controller"
mv go.mod go.sum "$modules/source-controller/"
