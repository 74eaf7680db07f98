-- +migrate Up
CREATE TABLE backend.half (n int);
SELECT pg_sleep(3600);

-- +migrate Down
DROP TABLE backend.half;
