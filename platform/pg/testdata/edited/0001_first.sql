-- +migrate Up
CREATE TABLE first (id bigint);

-- +migrate Down
DROP TABLE first;
