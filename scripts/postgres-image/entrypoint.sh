#!/bin/sh
# Keeps the contract of the official image: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, PGDATA, /docker-entrypoint-initdb.d/*.sql, and a temporary server
# before the real one, so that "ready to accept connections" is logged twice.
set -eu
user=${POSTGRES_USER:-postgres}
db=${POSTGRES_DB:-$user}

[ "${1#-}" = "$1" ] || set -- postgres "$@"
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	printf '%s\n' "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}" >/tmp/pw
	initdb -D "$PGDATA" -U "$user" --pwfile=/tmp/pw --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --no-sync
	: >/tmp/pw
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -c fsync=off"
	[ "$db" = postgres ] || psql -v ON_ERROR_STOP=1 -U "$user" -d postgres -c "CREATE DATABASE \"$db\""
	for file in /docker-entrypoint-initdb.d/*.sql; do
		[ ! -f "$file" ] || psql -v ON_ERROR_STOP=1 -U "$user" -d "$db" -f "$file"
	done
	pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
