#!/bin/sh
# Installs one pinned Go tool into .bin, unless that version is there already.
# Usage: scripts/tool.sh <name> <package> <version>
set -eu
name=$1 package=$2 version=$3
bin=$(cd "$(dirname "$0")/.." && pwd)/.bin
stamp=$bin/.$name-$version
[ -x "$bin/$name" ] && [ -e "$stamp" ] && exit 0
mkdir -p "$bin"
echo "tools: building $name $version (once)"
# Outside the module: a tool's requirements are none of ours. A machine-wide
# -mod or workspace setting must not reach the build.
(cd / && GOFLAGS= GOWORK=off GOBIN="$bin" go install "$package@$version") || {
	echo "tools: $name $version could not be built; is the module proxy reachable?" >&2
	exit 1
}
rm -f "$bin/.$name-"*
: >"$stamp"
