-- +migrate Up

-- The clock of a game that has started. turn is the last one recorded; it only
-- moves by UPDATE ... WHERE turn = <the one before>.
CREATE TABLE turn_clocks (
    game_id         uuid        PRIMARY KEY REFERENCES games (game_id) ON DELETE CASCADE,
    epoch           integer     NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    turn            integer     NOT NULL CHECK (turn >= 0),
    status          text        NOT NULL CHECK (status IN ('running', 'paused', 'stopped')),
    next_turn_at    timestamptz,
    paused_at       timestamptz,
    -- of the deadline, when the game paused; null when there was none
    pause_remaining interval    CHECK (pause_remaining >= interval '0'),
    -- by how much this turn's deadline was moved
    extended_total  interval    NOT NULL DEFAULT '0',
    turn_made_at    timestamptz NOT NULL,
    -- which schedule next_turn_at was computed from
    timing          text        NOT NULL,
    CONSTRAINT turn_clocks_deadline CHECK (next_turn_at IS NULL OR status = 'running'),
    CONSTRAINT turn_clocks_pause CHECK ((status = 'paused') = (paused_at IS NOT NULL)),
    CONSTRAINT turn_clocks_remaining CHECK (pause_remaining IS NULL OR status = 'paused')
);
CREATE INDEX turn_clocks_due ON turn_clocks (next_turn_at) WHERE status = 'running';

-- The ledger of what was asked of engines. It and the submissions refer to the
-- clock: a reference to games would wait for every transaction that holds one. The claim columns are platform/outbox's.
CREATE TABLE turn_runs (
    run_id          uuid        PRIMARY KEY,
    game_id         uuid        NOT NULL REFERENCES turn_clocks (game_id) ON DELETE CASCADE,
    epoch           integer     NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('turn', 'banish')),
    cause           text        NOT NULL,
    -- kind turn: the turn that is to exist; kind banish: the turn it happened in
    turn            integer     CHECK (turn >= 0),
    race_name       text,
    keep_deadline   boolean     NOT NULL DEFAULT false,
    requested_by    text        NOT NULL,
    request_id      text        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed')),
    claim_token     uuid,
    lease_until     timestamptz,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    engine_before   integer,
    engine_after    integer,
    replayed        boolean     NOT NULL DEFAULT false,
    duration_ms     bigint,
    error_code      text        NOT NULL DEFAULT '',
    error           text        NOT NULL DEFAULT '',
    state_hash      text        NOT NULL DEFAULT '',
    due_at          timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    CONSTRAINT turn_runs_cause CHECK (CASE kind
        WHEN 'turn' THEN cause IN ('due', 'ready', 'manual', 'retry') AND turn >= 1 AND race_name IS NULL
        ELSE cause IN ('blocked', 'deleted', 'operator', 'restored') AND race_name IS NOT NULL END),
    CONSTRAINT turn_runs_finished CHECK ((status IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CONSTRAINT turn_runs_claim CHECK (status = 'running' OR claim_token IS NULL)
);
-- One turn of a game at a time, and each of them made once.
CREATE UNIQUE INDEX turn_runs_live ON turn_runs (game_id) WHERE kind = 'turn' AND status IN ('queued', 'running');
CREATE UNIQUE INDEX turn_runs_made ON turn_runs (game_id, epoch, turn) WHERE kind = 'turn' AND status = 'done';
CREATE UNIQUE INDEX turn_runs_banishing ON turn_runs (game_id, race_name) WHERE kind = 'banish' AND status IN ('queued', 'running');
CREATE INDEX turn_runs_due ON turn_runs (next_attempt_at) WHERE status = 'queued';
CREATE INDEX turn_runs_leased ON turn_runs (lease_until) WHERE status = 'running';
CREATE INDEX turn_runs_of_game ON turn_runs (game_id, run_id DESC);
CREATE INDEX turn_runs_of_turn ON turn_runs (game_id, turn, run_id DESC) WHERE kind = 'turn';

-- What a race's player did in a turn, for people to see. Whether the race moved
-- is the engine's word; it becomes the outcome.
CREATE TABLE turn_submissions (
    game_id      uuid        NOT NULL REFERENCES turn_clocks (game_id) ON DELETE CASCADE,
    epoch        integer     NOT NULL,
    turn         integer     NOT NULL CHECK (turn >= 0),
    race_name    text        NOT NULL,
    user_id      uuid        NOT NULL,
    -- the turn waits for this race
    awaited      boolean     NOT NULL,
    orders_at    timestamptz,
    orders       integer     NOT NULL DEFAULT 0,
    order_hash   text        NOT NULL DEFAULT '',
    commands     integer     NOT NULL DEFAULT 0,
    ready_at     timestamptz,
    -- an excused miss extended the deadline
    excused_at   timestamptz,
    outcome      text        CHECK (outcome IN ('received', 'missed', 'excused')),
    PRIMARY KEY (game_id, epoch, turn, race_name)
);
CREATE INDEX turn_submissions_excused ON turn_submissions (game_id, epoch, race_name) WHERE excused_at IS NOT NULL;
CREATE INDEX turn_submissions_of_user ON turn_submissions (user_id, game_id, turn);

-- +migrate Down
DROP TABLE turn_submissions, turn_runs, turn_clocks;
