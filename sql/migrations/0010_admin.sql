-- +migrate Up

CREATE TABLE admin_accounts (
    username      text        PRIMARY KEY CHECK (username = lower(username) AND username ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
    password_hash text        NOT NULL,
    role          text        NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    -- bootstrap is true while the password is the one the configuration gave
    bootstrap     boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    disabled_at   timestamptz
);

CREATE TABLE admin_audit (
    audit_id   uuid        PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text        NOT NULL,
    role       text        NOT NULL,
    action     text        NOT NULL,
    target     text        NOT NULL,
    outcome    text        NOT NULL CHECK (outcome IN ('succeeded', 'refused', 'failed')),
    reason     text,
    before     jsonb,
    after      jsonb,
    request_id text        NOT NULL,
    source     text        NOT NULL
);
CREATE INDEX admin_audit_by_actor ON admin_audit (actor, audit_id DESC);
CREATE INDEX admin_audit_by_target ON admin_audit (target, audit_id DESC);
CREATE INDEX admin_audit_by_action ON admin_audit (action, audit_id DESC);

-- +migrate StatementBegin
CREATE FUNCTION admin_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'admin_audit is append-only';
END
$$;
-- +migrate StatementEnd
CREATE TRIGGER admin_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_audit
    FOR EACH STATEMENT EXECUTE FUNCTION admin_audit_is_append_only();

-- +migrate Down
DROP TABLE admin_audit, admin_accounts;
DROP FUNCTION admin_audit_is_append_only;
