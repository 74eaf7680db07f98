#!/bin/sh
# Fails when a generated file is not what its source makes of it.
set -eu
cd "$(dirname "$0")/.."

for dir in proto/push/v1 proto/notification/v1; do
	(cd "$dir" && sha256sum --check --quiet --strict SHA256SUMS) || {
		echo "verify: $dir is out of date: make generate" >&2
		exit 1
	}
done

for dir in . bench; do
	(cd "$dir" && go mod tidy -diff >/dev/null) || {
		echo "verify: $dir/go.mod is out of date: go mod tidy in it" >&2
		exit 1
	}
done

before=$(mktemp -d)
mkdir "$before/docs"
trap 'rm -rf "$before"' EXIT
files="openapi.yaml README.md .env.example docs/configuration.md docs/architecture.md"
for f in $files; do
	[ ! -e "$f" ] || cp -p "$f" "$before/$f"
done
make --no-print-directory -s generate-documents
stale=''
for f in $files; do
	[ -e "$f" ] || continue
	if ! cmp -s "$f" "$before/$f"; then
		stale="$stale $f"
		diff -u "$before/$f" "$f" | head -n 20 >&2 || true
		if [ -e "$before/$f" ]; then cp -p "$before/$f" "$f"; else rm -f "$f"; fi
	fi
done
[ -z "$stale" ] || {
	echo "verify: out of date:$stale: make generate" >&2
	exit 1
}
