-- +migrate Up

-- The key of the code MACs, made once when the configuration names none: codes
-- that were mailed before a restart still verify.
CREATE TABLE auth_keys (
    only_row boolean     NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row),
    code_key bytea       NOT NULL CHECK (length(code_key) = 32),
    made_at  timestamptz NOT NULL
);

CREATE TABLE auth_challenges (
    challenge_id    uuid        PRIMARY KEY,
    purpose         text        NOT NULL CHECK (purpose IN ('sign_in', 'email_change')),
    -- whose address is changed; nobody's for a sign-in
    user_id         uuid        REFERENCES accounts,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    language        text        NOT NULL,
    -- the network that asked, for the caps; empty when unknown
    source          text        NOT NULL,
    -- a code was really mailed: what the caps count
    mailed          boolean     NOT NULL,
    -- HMAC of the code; the code itself is nowhere
    code_mac        bytea       NOT NULL CHECK (length(code_mac) = 32),
    -- one id per attempt that was let through to the comparison
    attempt_ids     uuid[]      NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    consumed_at     timestamptz,
    -- what a repeat of the confirmation is answered with
    session_id      uuid,
    public_key      bytea,
    CHECK ((purpose = 'email_change') = (user_id IS NOT NULL)),
    CHECK (expires_at > created_at),
    CHECK (session_id IS NULL OR consumed_at IS NOT NULL)
-- room on the page for the attempt and the use that nearly every row sees:
-- neither then touches an index
) WITH (fillfactor = 40);
CREATE INDEX auth_challenges_by_email ON auth_challenges (email_canonical, created_at DESC);
CREATE INDEX auth_challenges_by_source ON auth_challenges (source, created_at DESC) WHERE mailed AND source <> '';
CREATE INDEX auth_challenges_by_age ON auth_challenges (created_at);

CREATE TABLE device_sessions (
    device_session_id uuid        PRIMARY KEY,
    user_id           uuid        NOT NULL REFERENCES accounts,
    public_key        bytea       NOT NULL CHECK (length(public_key) = 32),
    status            text        NOT NULL CHECK (status IN ('active', 'revoked')),
    device_name       text        NOT NULL,
    user_agent        text        NOT NULL,
    country           text        NOT NULL CHECK (country ~ '^([A-Z]{2})?$'),
    created_at        timestamptz NOT NULL,
    last_seen_at      timestamptz NOT NULL,
    revoked_at        timestamptz,
    revoked_reason    text        CHECK (revoked_reason IN
        ('user', 'gateway', 'operator', 'replaced', 'too_many_sessions', 'account_blocked', 'account_deleted')),
    CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE UNIQUE INDEX device_sessions_live_key ON device_sessions (public_key) WHERE status = 'active';
CREATE INDEX device_sessions_by_user ON device_sessions (user_id, device_session_id DESC);
CREATE INDEX device_sessions_revoked ON device_sessions (revoked_at) WHERE status = 'revoked';

-- +migrate Down
DROP TABLE device_sessions, auth_challenges, auth_keys;
