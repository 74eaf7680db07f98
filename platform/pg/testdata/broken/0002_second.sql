-- +migrate Up
CREATE TABLE half (id int);
CREATE TABLE half (id int);

-- +migrate Down
DROP TABLE half;
