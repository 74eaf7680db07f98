-- +migrate Up
CREATE TABLE second (id int);

-- +migrate Down
DROP TABLE second;
