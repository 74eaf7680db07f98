#!/bin/sh
# Builds flatc from the FlatBuffers module that go.mod pins, so that compiler
# and runtime are always of one version. Takes about 90 s of CPU, once.
# Usage: scripts/flatc.sh <directory the program goes to>
set -eu
bin=$1
version=$(go list -m -f '{{.Version}}' github.com/google/flatbuffers)
stamp=$bin/.flatc-$version
[ -x "$bin/flatc" ] && [ -e "$stamp" ] && exit 0
command -v g++ >/dev/null || { echo "flatc: g++ is missing (make setup installs it)" >&2; exit 1; }

src=$(go mod download -json "github.com/google/flatbuffers@$version" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$bin"
echo "flatc: building $version"
# flathash.cpp is a program of its own; everything else in src/ is the compiler.
find "$src/src" "$src/grpc/src/compiler" "$src/include/codegen" \
	\( -name '*.cpp' -o -name '*.cc' \) ! -name flathash.cpp |
	xargs -P "$(nproc)" -I{} sh -c \
		'g++ -std=c++17 -O1 -w -I"$1/include" -I"$1" -I"$1/grpc" -c "$2" -o "$3/$(echo "$2" | tr / _).o"' _ "$src" {} "$work"
g++ -o "$work/flatc" "$work"/*.o
mv "$work/flatc" "$bin/flatc"
: >"$stamp"
