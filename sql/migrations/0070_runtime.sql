-- +migrate Up

CREATE TABLE engine_versions (
    version        text        PRIMARY KEY CHECK (version ~ '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$'),
    image_ref      text        NOT NULL CHECK (image_ref <> ''),
    -- digest is what the image resolved to when it was last pulled; empty before
    digest         text        NOT NULL DEFAULT '',
    status         text        NOT NULL CHECK (status IN ('active', 'deprecated', 'blocked')),
    is_default     boolean     NOT NULL DEFAULT false,
    notes          text        NOT NULL DEFAULT '',
    prefetch       text        NOT NULL DEFAULT 'none' CHECK (prefetch IN ('none', 'queued', 'running', 'done', 'failed')),
    prefetch_error text        NOT NULL DEFAULT '',
    prefetched_at  timestamptz,
    revision       bigint      NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CONSTRAINT engine_versions_default_is_active CHECK (NOT is_default OR status = 'active')
);
CREATE UNIQUE INDEX engine_versions_one_default ON engine_versions (is_default) WHERE is_default;

-- The engine of one game: what is wanted, what was seen, and the lease that is
-- the one gate of the game.
CREATE TABLE runtime_records (
    game_id             uuid        PRIMARY KEY,
    desired             text        NOT NULL CHECK (desired IN ('running', 'stopped', 'removed')),
    version             text        NOT NULL CONSTRAINT runtime_records_version REFERENCES engine_versions (version),
    generation          integer     NOT NULL CHECK (generation >= 1),
    -- revision rises with every request; a step that was taken for an older one is not recorded
    revision            bigint      NOT NULL DEFAULT 1,
    source              text        NOT NULL CHECK (source IN ('user', 'operator', 'system')),
    init                jsonb       NOT NULL,
    initialized_at      timestamptz,
    observed            text        NOT NULL CHECK (observed IN
                            ('starting', 'running', 'engine_unreachable', 'stopped', 'start_failed', 'crashed', 'removed')),
    -- launched_generation is the generation the container was made for; 0: none is known
    launched_generation integer     NOT NULL DEFAULT 0 CHECK (launched_generation BETWEEN 0 AND generation),
    launched_at         timestamptz,
    container_id        text        NOT NULL DEFAULT '',
    image               text        NOT NULL DEFAULT '',
    endpoint            text        NOT NULL DEFAULT '',
    state_dir           text        NOT NULL DEFAULT '',
    last_seen_at        timestamptz,
    exit_code           integer,
    oom                 boolean     NOT NULL DEFAULT false,
    failures            integer     NOT NULL DEFAULT 0 CHECK (failures >= 0),
    restarts            integer     NOT NULL DEFAULT 0 CHECK (restarts >= 0),
    restarts_since      timestamptz,
    last_code           text        NOT NULL DEFAULT '',
    last_error          text        NOT NULL DEFAULT '',
    -- settled: what was wanted is reached for good, nobody looks until the next request or hint
    settled             boolean     NOT NULL DEFAULT false,
    claim_token         uuid,
    lease_until         timestamptz,
    attempts            integer     NOT NULL DEFAULT 0,
    next_attempt_at     timestamptz NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL
);
CREATE INDEX runtime_records_due ON runtime_records (next_attempt_at) WHERE NOT settled;
CREATE INDEX runtime_records_by_version ON runtime_records (version, game_id);
CREATE INDEX runtime_records_by_observed ON runtime_records (observed, game_id);

CREATE TABLE runtime_operations (
    operation_id  uuid        PRIMARY KEY,
    game_id       uuid        NOT NULL REFERENCES runtime_records (game_id),
    kind          text        NOT NULL CHECK (kind IN ('start', 'stop', 'restart', 'patch', 'remove', 'restore')),
    source        text        NOT NULL CHECK (source IN ('user', 'operator', 'system')),
    actor         text        NOT NULL,
    request_id    text        NOT NULL,
    generation    integer     NOT NULL,
    status        text        NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'superseded')),
    error_code    text        NOT NULL DEFAULT '',
    error_message text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz,
    CONSTRAINT runtime_operations_ended CHECK ((finished_at IS NULL) = (status IN ('queued', 'running')))
);
CREATE UNIQUE INDEX runtime_operations_one_live ON runtime_operations (game_id) WHERE status IN ('queued', 'running');
CREATE INDEX runtime_operations_by_game ON runtime_operations (game_id, operation_id DESC);

-- +migrate Down
DROP TABLE runtime_operations, runtime_records, engine_versions;
