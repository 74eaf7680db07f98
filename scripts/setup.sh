#!/bin/sh
# Makes sure that the programs are there which the other targets need, and
# installs what is missing where that is possible: as root on Debian and its
# relatives. Says one clear line about everything it cannot mend. Cheap when
# nothing is missing.
set -eu

wanted=1.26
missing='' # packages to install

have() { command -v "$1" >/dev/null 2>&1; }
need() { missing="$missing $1"; }
fail() {
	echo "setup: $1" >&2
	exit 1
}

have go || fail "Go $wanted or newer is missing: https://go.dev/dl"
# An older Go fetches the toolchain that go.mod names by itself, from 1.21 on.
go version >/dev/null 2>&1 && go list -m >/dev/null 2>&1 ||
	fail "$(go env GOVERSION 2>/dev/null) cannot build this module: Go $wanted or newer is needed (https://go.dev/dl)"

have git || need git
have gcc || need gcc libc6-dev # the race detector links with it
# shellcheck disable=SC2144 # one match is enough
{ have postgres && have initdb; } || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need postgresql
case "${1:-}" in
generate) have g++ || need g++ ;; # flatc
images)
	have docker || need docker.io
	if ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
		[ -x /bin/busybox ] || need busybox-static
	fi
	;;
esac

if [ -n "$missing" ]; then
	have apt-get || fail "please install:$missing"
	[ "$(id -u)" = 0 ] || fail "please run once as root: apt-get install$missing"
	echo "setup: installing$missing"
	# The package would otherwise start a server of its own on port 5432.
	case $missing in *postgresql*)
		if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
			mkdir -p /etc/postgresql-common
			echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
		fi
		;;
	esac
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	if ! { apt-get update -q && apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold $missing; } >"$log" 2>&1; then
		tail -n 5 "$log" >&2
		fail "apt-get could not install:$missing"
	fi
	rm -f "$log"
fi

[ "${1:-}" = images ] || exit 0
docker info >/dev/null 2>&1 && exit 0
# A fresh installation in a machine without systemd does not start its daemon.
if [ "$(id -u)" = 0 ] && [ -z "${DOCKER_HOST:-}" ] && have service && service docker start >/dev/null 2>&1; then
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		docker info >/dev/null 2>&1 && exit 0
		sleep 1
	done
fi
fail "no Docker daemon answers (docker info): the integration tests need one, and this user must be allowed to use it"
