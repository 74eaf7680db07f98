#!/bin/sh
# Writes a tar of a root file system for PostgreSQL: this machine's Debian
# packages, the libraries they link, a shell, time zones, and nothing else. No
# image registry is needed, and no root: the tar names the owners by itself.
# Usage: rootfs.sh <major version> <rootfs.tar>
set -eu
version=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
home=/usr/lib/postgresql/$version
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# put copies files to where they are, following links.
put() {
	for file; do
		[ -e "$root$file" ] && continue
		mkdir -p "$root${file%/*}"
		cp -L "$file" "$root$file"
	done
}

for program in postgres initdb pg_ctl psql pg_isready pg_dump; do put "$home/bin/$program"; done
mkdir -p "$root$home/lib" "$root/usr/share/postgresql"
cp "$home"/lib/*.so "$root$home/lib/"
rm -f "$root$home"/lib/llvmjit*.so "$root$home/lib/sepgsql.so"
cp -rL "/usr/share/postgresql/$version" "$root/usr/share/postgresql/"
rm -rf "$root/usr/share/postgresql/$version/man"

# testcontainers looks into the container with cat, awk and grep.
put /bin/busybox
for name in sh cat grep awk mkdir ls nc; do ln -s busybox "$root/bin/$name"; done

mkdir -p "$root/usr/lib/locale" "$root/usr/share"
[ ! -d /usr/lib/locale/C.utf8 ] || cp -r /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"
cp -a /usr/share/zoneinfo "$root/usr/share/"
rm -rf "$root/usr/share/zoneinfo/right" "$root/usr/share/zoneinfo/posix"

find "$root$home" -type f | while read -r file; do ldd "${file#"$root"}" 2>/dev/null || true; done |
	grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do put "$library"; done

mkdir -p "$root/etc" "$root/tmp" "$root/var/lib/postgresql/data" "$root/var/run/postgresql" "$root/docker-entrypoint-initdb.d" "$root/usr/local/bin"
chmod 1777 "$root/tmp"
chmod 700 "$root/var/lib/postgresql/data"
printf 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"
cp "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"

cd "$root"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
	--exclude=./var/lib/postgresql --exclude=./var/run/postgresql -cf "$out" .
tar --sort=name --mtime=@0 --owner=999 --group=999 --numeric-owner -rf "$out" ./var/lib/postgresql ./var/run/postgresql
