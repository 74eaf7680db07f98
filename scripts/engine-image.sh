#!/bin/sh
# Builds the image of the reference engine: a static binary FROM scratch.
# Usage: engine-image.sh <tag>
set -eu
cd "$(dirname "$0")/.."
tag=$1
context=.cache/images/engine
mkdir -p "$context"
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -buildid=' -o "$context/engine" ./cmd/engine
cp deploy/engine.Dockerfile "$context/Dockerfile"

source=$(cat "$context"/* | sha256sum | cut -c1-32)
[ "$(docker image inspect -f '{{index .Config.Labels "galaxy.source"}}' "$tag" 2>/dev/null)" != "$source" ] || exit 0
echo "images: $tag"
old=$(docker image inspect -f '{{.Id}}' "$tag" 2>/dev/null || true)
log=$(docker build -q --build-arg "VERSION=${tag##*:}" --label "galaxy.source=$source" -t "$tag" "$context" 2>&1) || {
	echo "$log" >&2
	exit 1
}
# The image that lost its last tag goes, unless a container still uses it.
if [ -n "$old" ] && [ "$(docker image inspect -f '{{len .RepoTags}}' "$old" 2>/dev/null)" = 0 ]; then
	docker image rm "$old" >/dev/null 2>&1 || true
fi
