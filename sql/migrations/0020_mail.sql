-- +migrate Up

-- One row per logical delivery. The outbox columns are platform/outbox's;
-- attempts only grows and numbers the attempt log, charged is what counts
-- against BACKEND_MAIL_MAX_ATTEMPTS and starts anew with a resend.
CREATE TABLE mail_deliveries (
    delivery_id     uuid        PRIMARY KEY,
    template_id     text        NOT NULL,
    idempotency_key text        NOT NULL,
    user_id         uuid,
    secret          boolean     NOT NULL,
    status          text        NOT NULL CHECK (status IN
        ('pending', 'sending', 'retrying', 'sent', 'dead_lettered', 'cancelled', 'suppressed', 'expired')),
    not_after       timestamptz,
    claim_token     uuid,
    lease_until     timestamptz,
    attempts        integer     NOT NULL DEFAULT 0,
    charged         integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_outcome    text,
    created_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    CONSTRAINT mail_deliveries_key UNIQUE (template_id, idempotency_key)
);
CREATE INDEX mail_deliveries_due ON mail_deliveries (next_attempt_at) WHERE status IN ('pending', 'retrying');
CREATE INDEX mail_deliveries_leased ON mail_deliveries (lease_until) WHERE status = 'sending';
CREATE INDEX mail_deliveries_by_status ON mail_deliveries (status, delivery_id DESC);
CREATE INDEX mail_deliveries_by_template ON mail_deliveries (template_id, delivery_id DESC);

CREATE TABLE mail_recipients (
    delivery_id uuid NOT NULL REFERENCES mail_deliveries ON DELETE CASCADE,
    address     text NOT NULL,
    PRIMARY KEY (delivery_id, address)
);
CREATE INDEX mail_recipients_address ON mail_recipients (lower(address), delivery_id DESC);

CREATE TABLE mail_payloads (
    delivery_id uuid PRIMARY KEY REFERENCES mail_deliveries ON DELETE CASCADE,
    subject     text NOT NULL,
    body_text   text NOT NULL,
    body_html   text NOT NULL,
    scrubbed_at timestamptz
);

-- Append-only: a row is inserted when a delivery is claimed and closed once.
CREATE TABLE mail_attempts (
    delivery_id uuid        NOT NULL REFERENCES mail_deliveries ON DELETE CASCADE,
    attempt_no  integer     NOT NULL CHECK (attempt_no > 0),
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    outcome     text        CHECK (outcome IN
        ('delivered', 'rejected', 'transient', 'unknown', 'relay_fault', 'not_started', 'invalid')),
    detail      text,
    PRIMARY KEY (delivery_id, attempt_no),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE mail_dead_letters (
    delivery_id uuid        PRIMARY KEY REFERENCES mail_deliveries ON DELETE CASCADE,
    reason      text        NOT NULL,
    attempt_no  integer     NOT NULL,
    dead_at     timestamptz NOT NULL
);

-- +migrate Down
DROP TABLE mail_dead_letters, mail_attempts, mail_payloads, mail_recipients, mail_deliveries;
