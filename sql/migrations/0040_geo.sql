-- +migrate Up

CREATE TABLE user_country_counters (
    user_id       uuid        NOT NULL REFERENCES accounts,
    country       text        NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    count         bigint      NOT NULL CHECK (count > 0),
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, country)
);

-- +migrate Down
DROP TABLE user_country_counters;
