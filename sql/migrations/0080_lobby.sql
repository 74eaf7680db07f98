-- +migrate Up

CREATE TABLE games (
    game_id            uuid        PRIMARY KEY,
    -- null for a public game, and for a private one that lost its owner when it was cancelled
    owner_id           uuid        REFERENCES accounts (user_id),
    -- who created it: a user id or an operator's name; idempotency_key is unique per creator
    created_by         text        NOT NULL,
    idempotency_key    text,
    request_hash       bytea,
    visibility         text        NOT NULL CHECK (visibility IN ('public', 'private')),
    name               text        NOT NULL,
    description        text        NOT NULL,
    state              text        NOT NULL CHECK (state IN ('draft', 'enrollment_open', 'ready_to_start', 'starting',
        'start_failed', 'running', 'paused', 'finished', 'cancelled')),
    pause_reason       text        CHECK (pause_reason IN ('user', 'operator', 'generation_failed', 'engine_crashed',
        'all_missed', 'restored', 'state_mismatch')),
    last_error         text        NOT NULL DEFAULT '',
    min_players        integer     NOT NULL CHECK (min_players >= 1),
    max_players        integer     NOT NULL CHECK (max_players <= 100),
    join_policy        text        NOT NULL CHECK (join_policy IN ('application', 'auto', 'invite')),
    enrollment_ends_at timestamptz,
    start_when_full    boolean     NOT NULL,
    engine_version     text        NOT NULL,
    turns              jsonb       NOT NULL,
    map                jsonb       NOT NULL,
    seats_taken        integer     NOT NULL DEFAULT 0,
    -- how many invites were ever made; bounds what one owner can send
    invites_made       integer     NOT NULL DEFAULT 0,
    version            bigint      NOT NULL DEFAULT 1,
    -- the snapshot of play
    current_turn       integer     NOT NULL DEFAULT 0 CHECK (current_turn >= 0),
    last_turn_at       timestamptz,
    next_turn_at       timestamptz,
    state_hash         text        NOT NULL DEFAULT '',
    active_races       integer     NOT NULL DEFAULT 0,
    result             jsonb,
    runtime_status     text        NOT NULL DEFAULT '',
    engine_health      text        NOT NULL DEFAULT 'unknown' CHECK (engine_health IN ('unknown', 'ok', 'unreachable')),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    launched_at        timestamptz,
    started_at         timestamptz,
    finished_at        timestamptz,
    CONSTRAINT games_players CHECK (min_players <= max_players),
    CONSTRAINT games_capacity CHECK (seats_taken BETWEEN 0 AND max_players),
    CONSTRAINT games_pause CHECK ((state = 'paused') = (pause_reason IS NOT NULL)),
    CONSTRAINT games_policy CHECK (join_policy = 'application' OR (visibility = 'public') = (join_policy = 'auto')),
    CONSTRAINT games_public_is_unowned CHECK (visibility = 'private' OR owner_id IS NULL)
-- counters and snapshots change often: room for them on the page spares every index
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX games_replay ON games (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX games_finished_up ON games (finished_at) WHERE state = 'finished' AND runtime_status IN ('starting', 'running', 'engine_unreachable');
CREATE INDEX games_owned ON games (owner_id, game_id DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX games_listed ON games (game_id DESC) WHERE visibility = 'public' AND state <> 'draft';
CREATE INDEX games_by_state ON games (state, game_id DESC);
CREATE INDEX games_enrollment_due ON games (enrollment_ends_at) WHERE state = 'enrollment_open';
-- not by seats_taken: a column that an index names cannot change in place
CREATE INDEX games_full ON games (game_id) WHERE start_when_full AND state IN ('enrollment_open', 'ready_to_start');

CREATE TABLE memberships (
    game_id    uuid        NOT NULL REFERENCES games ON DELETE CASCADE,
    user_id    uuid        NOT NULL REFERENCES accounts (user_id),
    race_name  text        NOT NULL,
    status     text        NOT NULL CHECK (status IN ('active', 'removed', 'blocked')),
    reason     text        NOT NULL DEFAULT '',
    -- the race was in the document the engine was asked to start with
    founding   boolean     NOT NULL DEFAULT false,
    -- the seat was taken over from somebody else (R15)
    successor  boolean     NOT NULL DEFAULT false,
    -- still active, but missed so many turns that the seat may be taken
    vacant     boolean     NOT NULL DEFAULT false,
    offered_at timestamptz,
    joined_at  timestamptz NOT NULL,
    ended_at   timestamptz,
    PRIMARY KEY (game_id, user_id),
    CONSTRAINT memberships_ended CHECK ((status = 'active') = (ended_at IS NULL)),
    CONSTRAINT memberships_vacant CHECK (status = 'active' OR NOT vacant)
);
CREATE UNIQUE INDEX memberships_race ON memberships (game_id, race_name) WHERE status = 'active';
CREATE INDEX memberships_of_user ON memberships (user_id, game_id DESC);

CREATE TABLE applications (
    application_id  uuid        PRIMARY KEY,
    game_id         uuid        NOT NULL REFERENCES games ON DELETE CASCADE,
    user_id         uuid        NOT NULL REFERENCES accounts (user_id),
    race_name       text        NOT NULL,
    message         text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn')),
    reason          text        NOT NULL DEFAULT '',
    idempotency_key text,
    request_hash    bytea,
    created_at      timestamptz NOT NULL,
    decided_at      timestamptz,
    CONSTRAINT applications_decided CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX applications_live ON applications (game_id, user_id) WHERE state = 'pending';
CREATE UNIQUE INDEX applications_replay ON applications (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX applications_of_game ON applications (game_id, application_id DESC);
CREATE INDEX applications_of_user ON applications (user_id, application_id DESC);

CREATE TABLE invites (
    invite_id       uuid        PRIMARY KEY,
    game_id         uuid        NOT NULL REFERENCES games ON DELETE CASCADE,
    user_id         uuid        NOT NULL REFERENCES accounts (user_id),
    inviter_id      uuid        NOT NULL REFERENCES accounts (user_id),
    message         text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'redeemed', 'declined', 'revoked', 'expired')),
    reason          text        NOT NULL DEFAULT '',
    idempotency_key text,
    request_hash    bytea,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    decided_at      timestamptz,
    CONSTRAINT invites_decided CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX invites_live ON invites (game_id, user_id) WHERE state = 'pending';
CREATE UNIQUE INDEX invites_replay ON invites (inviter_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX invites_of_game ON invites (game_id, invite_id DESC);
CREATE INDEX invites_of_user ON invites (user_id, invite_id DESC);
CREATE INDEX invites_due ON invites (expires_at) WHERE state = 'pending';

-- The Race Name Directory. A key has one holder on the whole platform and goes
-- with the last name that claims it.
CREATE TABLE race_name_keys (
    key            text PRIMARY KEY,
    holder_user_id uuid NOT NULL REFERENCES accounts (user_id)
);

CREATE TABLE race_names (
    race_name_id   uuid        PRIMARY KEY,
    canonical_key  text        NOT NULL REFERENCES race_name_keys (key),
    second_key     text        NOT NULL REFERENCES race_name_keys (key),
    display        text        NOT NULL,
    user_id        uuid        NOT NULL REFERENCES accounts (user_id),
    state          text        NOT NULL CHECK (state IN ('reserved', 'pending_registration', 'registered')),
    game_id        uuid        REFERENCES games ON DELETE CASCADE,
    source_game_id uuid,
    expires_at     timestamptz,
    registered_at  timestamptz,
    created_at     timestamptz NOT NULL,
    CONSTRAINT race_names_reserved CHECK ((state = 'reserved') = (game_id IS NOT NULL)),
    CONSTRAINT race_names_pending CHECK ((state = 'pending_registration') = (expires_at IS NOT NULL)),
    CONSTRAINT race_names_registered CHECK ((state = 'registered') = (registered_at IS NOT NULL))
);
CREATE UNIQUE INDEX race_names_one_reserved ON race_names (game_id, canonical_key) WHERE state = 'reserved';
CREATE UNIQUE INDEX race_names_one_pending ON race_names (canonical_key) WHERE state = 'pending_registration';
CREATE UNIQUE INDEX race_names_one_registered ON race_names (canonical_key) WHERE state = 'registered';
CREATE INDEX race_names_by_canonical ON race_names (canonical_key);
CREATE INDEX race_names_by_second ON race_names (second_key);
CREATE INDEX race_names_of_user ON race_names (user_id, race_name_id DESC);
CREATE INDEX race_names_due ON race_names (expires_at) WHERE state = 'pending_registration';

CREATE TABLE player_turn_stats (
    game_id    uuid             NOT NULL REFERENCES games ON DELETE CASCADE,
    race_name  text             NOT NULL,
    turn       integer          NOT NULL CHECK (turn >= 0),
    state      text             NOT NULL,
    planets    integer          NOT NULL,
    ships      integer          NOT NULL,
    population double precision NOT NULL,
    industry   double precision NOT NULL,
    votes      double precision NOT NULL,
    idle_turns integer          NOT NULL,
    PRIMARY KEY (game_id, race_name, turn)
);

-- +migrate Down
DROP TABLE player_turn_stats, race_names, race_name_keys, invites, applications, memberships, games;
