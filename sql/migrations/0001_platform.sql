-- +migrate Up

-- The term of the process that holds the backend's lock. It rises at each
-- take-over, so that a process that lost the lock can tell whether another one
-- was in charge meanwhile.
CREATE TABLE backend_term (
    only_row boolean     NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row),
    term     bigint      NOT NULL,
    holder   text        NOT NULL,
    taken_at timestamptz NOT NULL
);

-- +migrate Down
DROP TABLE backend_term;
