-- +migrate Up

CREATE TABLE notifications (
    notification_id uuid        PRIMARY KEY,
    kind            text        NOT NULL CHECK (kind IN (
        'lobby.invite.received', 'lobby.invite.revoked', 'lobby.application.submitted', 'lobby.application.approved',
        'lobby.application.rejected', 'lobby.membership.removed', 'lobby.membership.blocked', 'lobby.race_name.registered',
        'lobby.race_name.pending', 'lobby.race_name.expired', 'runtime.image_pull_failed', 'runtime.container_start_failed',
        'runtime.start_config_invalid', 'runtime.container_crashed', 'runtime.container_missing', 'runtime.container_foreign',
        'runtime.patch_rolled_back', 'game.started', 'game.turn.ready', 'game.finished', 'game.paused', 'game.resumed',
        'game.cancelled', 'game.turn.reminder', 'game.seat.offered', 'game.generation.failed', 'game.turn.overdue',
        'game.state_mismatch', 'mail.dead_lettered', 'platform.broadcast')),
    idempotency_key text        NOT NULL,
    payload         jsonb       NOT NULL,
    request_id      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT notifications_key UNIQUE (kind, idempotency_key)
);

-- Who was told: the user's inbox. The id is the notification's, so that newest
-- first is the index's own order. Accounts are never deleted (a tombstone stays),
-- so that a reference to them would only cost: a turn writes one row a member.
CREATE TABLE notification_recipients (
    user_id         uuid        NOT NULL,
    notification_id uuid        NOT NULL REFERENCES notifications ON DELETE CASCADE,
    read_at         timestamptz,
    PRIMARY KEY (user_id, notification_id)
);
CREATE INDEX notification_recipients_unread ON notification_recipients (user_id, notification_id DESC) WHERE read_at IS NULL;

-- One row per recipient and channel. A push route is born published: it leaves
-- with the commit, and a crash in between takes the push ring with it, which the
-- gateway learns by its gap. E-mail routes are the outbox.
CREATE TABLE notification_routes (
    route_id        uuid        PRIMARY KEY,
    notification_id uuid        NOT NULL REFERENCES notifications ON DELETE CASCADE,
    user_id         uuid,
    channel         text        NOT NULL CHECK (channel IN ('push', 'email', 'admin_email')),
    status          text        NOT NULL CHECK (status IN ('pending', 'delivering', 'delivered', 'retrying', 'published', 'skipped', 'dead_lettered')),
    delivery_id     uuid,
    last_error      text,
    claim_token     uuid,
    lease_until     timestamptz,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    settled_at      timestamptz
);
CREATE INDEX notification_routes_due ON notification_routes (next_attempt_at) WHERE status IN ('pending', 'retrying');
CREATE INDEX notification_routes_leased ON notification_routes (lease_until) WHERE status = 'delivering';
CREATE INDEX notification_routes_of ON notification_routes (notification_id);

-- Intents that did not fit their kind: a bug of a producer, kept for repair.
CREATE TABLE notification_malformed (
    malformed_id    uuid        PRIMARY KEY,
    kind            text        NOT NULL,
    idempotency_key text        NOT NULL,
    payload         jsonb       NOT NULL,
    reason          text        NOT NULL,
    created_at      timestamptz NOT NULL
);

-- +migrate Down
DROP TABLE notification_malformed, notification_routes, notification_recipients, notifications;
