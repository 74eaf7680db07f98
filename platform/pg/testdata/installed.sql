-- pg_dump of a database that the first release with its own record of checksums
-- has migrated with testdata/one, and a row of data.
CREATE SCHEMA backend;

CREATE TABLE backend.first (
    id integer
);

CREATE TABLE backend.schema_checksums (
    id text NOT NULL,
    sha256 text NOT NULL
);

CREATE TABLE backend.schema_migrations (
    id text NOT NULL,
    applied_at timestamp with time zone
);

INSERT INTO backend.first VALUES (7);
INSERT INTO backend.schema_checksums VALUES ('0001_first.sql', 'f50238547529596584dbe6310182dd59afc8616fd997d13b9f0f52eef50e902c');
INSERT INTO backend.schema_migrations VALUES ('0001_first.sql', '2026-11-30 21:06:08.005504+00');

ALTER TABLE ONLY backend.schema_checksums
    ADD CONSTRAINT schema_checksums_pkey PRIMARY KEY (id);
ALTER TABLE ONLY backend.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (id);
