#!/bin/sh
# Builds the image of the backend: a static binary FROM scratch.
# Usage: backend-image.sh <tag>
set -eu
cd "$(dirname "$0")/.."
tag=$1
context=.cache/images/backend
mkdir -p "$context"
certificates=/etc/ssl/certs/ca-certificates.crt
[ -r "$certificates" ] || {
	echo "images: $certificates is missing: install the package ca-certificates" >&2
	exit 1
}
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -buildid=' -o "$context/backend" ./cmd/backend
cp "$certificates" deploy/backend.Dockerfile "$context/"
mv "$context/backend.Dockerfile" "$context/Dockerfile"
echo "images: $tag"
log=$(docker build -q --build-arg "VERSION=${tag##*:}" -t "$tag" "$context" 2>&1) || {
	echo "$log" >&2
	exit 1
}
