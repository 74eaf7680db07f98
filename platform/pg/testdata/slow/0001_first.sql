-- +migrate Up
CREATE TABLE first (id int);

-- +migrate Down
DROP TABLE first;
