#!/bin/sh
# Builds an image of PostgreSQL for tests without a registry, unless the image
# is there and of the same packages and scripts. Where this machine has no
# Debian packages of PostgreSQL, the official image takes its place.
# Usage: build.sh <tag>
set -eu
tag=$1
here=$(cd "$(dirname "$0")" && pwd)
version=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)

if [ -z "$version" ]; then
	docker image inspect "$tag" >/dev/null 2>&1 && exit 0
	echo "images: $tag from the official image"
	docker pull -q "postgres:${tag##*:}-alpine" >/dev/null
	docker tag "postgres:${tag##*:}-alpine" "$tag"
	exit 0
fi

source=$({ cat "$here"/*; "/usr/lib/postgresql/$version/bin/postgres" -V; } | sha256sum | cut -c1-32)
[ "$(docker image inspect -f '{{index .Config.Labels "galaxy.source"}}' "$tag" 2>/dev/null)" != "$source" ] || exit 0

echo "images: $tag from the packages of this machine"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
"$here/rootfs.sh" "$version" "$context/rootfs.tar"
cp "$here/Dockerfile" "$context/"
old=$(docker image inspect -f '{{.Id}}' "$tag" 2>/dev/null || true)
# The legacy builder needs no buildx and prints that it is deprecated.
log=$(docker build -q --build-arg "PG_VERSION=$version" --label "galaxy.source=$source" -t "$tag" "$context" 2>&1) || {
	echo "$log" >&2
	exit 1
}
# The image that lost its last tag goes, unless a container still uses it.
if [ -n "$old" ] && [ "$(docker image inspect -f '{{len .RepoTags}}' "$old" 2>/dev/null)" = 0 ]; then
	docker image rm "$old" >/dev/null 2>&1 || true
fi
