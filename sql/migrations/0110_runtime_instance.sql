-- +migrate Up

-- The identity of this installation, by which its engines are told from those
-- of others on the same Docker daemon. It is made at the first start and not
-- here: databases cloned from a migrated template are different installations.
CREATE TABLE runtime_instance (
    only_row    boolean     NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row),
    instance_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL
);

-- +migrate Down
DROP TABLE runtime_instance;
