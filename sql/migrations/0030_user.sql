-- +migrate Up

-- One row per person for ever: a deleted account becomes a tombstone, its
-- personal columns are emptied when the grace period is over.
CREATE TABLE accounts (
    user_id            uuid        PRIMARY KEY,
    email              text,
    -- what decides whether two addresses are one
    email_canonical    text,
    user_name          text        NOT NULL CONSTRAINT accounts_user_name UNIQUE CHECK (user_name ~ '^player-[a-z0-9]{8}$'),
    display_name       text        NOT NULL,
    preferred_language text        NOT NULL,
    time_zone          text        NOT NULL,
    declared_country   text        NOT NULL CHECK (declared_country ~ '^([A-Z]{2})?$'),
    -- counts changes of what the account's ETag covers
    version            integer     NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    deleted_at         timestamptz,
    erased_at          timestamptz,
    CHECK (erased_at IS NULL OR deleted_at IS NOT NULL),
    CHECK ((erased_at IS NULL) = (email IS NOT NULL)),
    CHECK ((email IS NULL) = (email_canonical IS NULL))
);
CREATE UNIQUE INDEX accounts_live_email ON accounts (email_canonical) WHERE deleted_at IS NULL;
CREATE INDEX accounts_by_email ON accounts (email_canonical);
CREATE INDEX accounts_to_erase ON accounts (deleted_at, user_id) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

-- Addresses that an account had before; what was written to them is erased
-- with the account.
CREATE TABLE former_emails (
    user_id         uuid        NOT NULL REFERENCES accounts,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    replaced_at     timestamptz NOT NULL,
    PRIMARY KEY (user_id, email)
);

CREATE TABLE entitlement_records (
    record_id       uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES accounts,
    plan            text        NOT NULL CHECK (plan IN ('free', 'monthly', 'yearly', 'permanent')),
    source          text        NOT NULL CHECK (source IN ('registration', 'operator', 'purchase', 'gift', 'expiry')),
    actor           text        NOT NULL,
    reason          text        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz,
    idempotency_key text,
    request_hash    bytea,
    CHECK (ends_at > starts_at),
    CHECK ((plan IN ('free', 'permanent')) = (ends_at IS NULL)),
    CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
);
CREATE UNIQUE INDEX entitlement_records_key ON entitlement_records (actor, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX entitlement_records_by_user ON entitlement_records (user_id, record_id DESC);

-- +migrate StatementBegin
CREATE FUNCTION entitlement_records_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entitlement_records is append-only';
END
$$;
-- +migrate StatementEnd
CREATE TRIGGER entitlement_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entitlement_records
    FOR EACH STATEMENT EXECUTE FUNCTION entitlement_records_are_append_only();

-- The plan of a user now: what the newest record says until it ends.
CREATE TABLE entitlement_snapshots (
    user_id    uuid        PRIMARY KEY REFERENCES accounts,
    record_id  uuid        NOT NULL REFERENCES entitlement_records,
    plan       text        NOT NULL CHECK (plan IN ('free', 'monthly', 'yearly', 'permanent')),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz,
    updated_at timestamptz NOT NULL,
    CHECK ((plan IN ('free', 'permanent')) = (ends_at IS NULL))
);
CREATE INDEX entitlement_snapshots_ending ON entitlement_snapshots (ends_at, user_id) WHERE ends_at IS NOT NULL;

-- An operator's number for one limit of one user.
CREATE TABLE limit_overrides (
    override_id uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES accounts,
    name        text        NOT NULL CHECK (name IN ('owned_private_games', 'active_memberships', 'pending_applications', 'registered_race_names')),
    value       integer     NOT NULL CHECK (value BETWEEN 0 AND 1000),
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    set_at      timestamptz NOT NULL,
    expires_at  timestamptz,
    removed_at  timestamptz,
    removed_by  text,
    CHECK (expires_at > set_at),
    CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE UNIQUE INDEX limit_overrides_live ON limit_overrides (user_id, name) WHERE removed_at IS NULL;
CREATE INDEX limit_overrides_by_user ON limit_overrides (user_id, override_id DESC);
CREATE INDEX limit_overrides_ending ON limit_overrides (expires_at, override_id) WHERE removed_at IS NULL AND expires_at IS NOT NULL;

CREATE TABLE sanctions (
    sanction_id     uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES accounts,
    kind            text        NOT NULL CHECK (kind IN
        ('login_block', 'game_create_block', 'game_join_block', 'profile_update_block', 'permanent_block')),
    reason          text        NOT NULL,
    internal_note   text        NOT NULL,
    actor           text        NOT NULL,
    applied_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    removed_at      timestamptz,
    removed_by      text,
    idempotency_key text,
    request_hash    bytea,
    CHECK (expires_at > applied_at),
    CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    CHECK ((idempotency_key IS NULL) = (request_hash IS NULL)),
    CONSTRAINT sanctions_key UNIQUE (actor, idempotency_key)
);
CREATE UNIQUE INDEX sanctions_live ON sanctions (user_id, kind) WHERE removed_at IS NULL;
CREATE INDEX sanctions_by_user ON sanctions (user_id, sanction_id DESC);
CREATE INDEX sanctions_ending ON sanctions (expires_at, sanction_id) WHERE removed_at IS NULL AND expires_at IS NOT NULL;

CREATE TABLE account_notes (
    note_id         uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES accounts,
    actor           text        NOT NULL,
    text            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    idempotency_key text,
    request_hash    bytea,
    CHECK ((idempotency_key IS NULL) = (request_hash IS NULL)),
    CONSTRAINT account_notes_key UNIQUE (actor, idempotency_key)
);
CREATE INDEX account_notes_by_user ON account_notes (user_id, note_id DESC);

-- +migrate Down
DROP TABLE account_notes, sanctions, limit_overrides, entitlement_snapshots, entitlement_records, former_emails, accounts;
DROP FUNCTION entitlement_records_are_append_only;
