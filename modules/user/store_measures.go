package user

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// onceOnly is the Idempotency-Key of the call that made a row, and a hash of
// what it asked for.
type onceOnly struct {
	Key  *string `db:"idempotency_key" json:"-"`
	Hash []byte  `db:"request_hash" json:"-"`
}

func (o onceOnly) hash() []byte { return o.Hash }

// Record is one entry of a user's history of plans.
type Record struct {
	ID       uuid.UUID  `db:"record_id" json:"record_id"`
	UserID   uuid.UUID  `db:"user_id" json:"-"`
	Plan     Plan       `db:"plan" json:"plan"`
	Source   string     `db:"source" json:"source"`
	Actor    string     `db:"actor" json:"actor"`
	Reason   string     `db:"reason" json:"reason"`
	StartsAt time.Time  `db:"starts_at" json:"starts_at"`
	EndsAt   *time.Time `db:"ends_at" json:"ends_at"`
	onceOnly
}

const recordColumns = `
SELECT record_id, user_id, plan, source, actor, reason, starts_at, ends_at, idempotency_key, request_hash FROM entitlement_records`

const grantRecord = `
WITH granted AS (
    INSERT INTO entitlement_records (record_id, user_id, plan, source, actor, reason, starts_at, ends_at, idempotency_key, request_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING record_id, user_id, plan, starts_at, ends_at
)
INSERT INTO entitlement_snapshots (user_id, record_id, plan, starts_at, ends_at, updated_at)
SELECT user_id, record_id, plan, starts_at, ends_at, starts_at FROM granted
ON CONFLICT (user_id) DO UPDATE SET record_id = EXCLUDED.record_id, plan = EXCLUDED.plan, starts_at = EXCLUDED.starts_at,
    ends_at = EXCLUDED.ends_at, updated_at = EXCLUDED.updated_at`

// grant writes the record and makes it the answer.
func (store) grant(tx *pg.Tx, r Record) {
	tx.Queue(grantRecord, r.ID, r.UserID, r.Plan, r.Source, r.Actor, r.Reason, r.StartsAt, r.EndsAt, r.Key, r.Hash)
}

const listRecords = recordColumns + `
WHERE user_id = $1 AND ($2::uuid IS NULL OR record_id < $2) ORDER BY record_id DESC LIMIT $3`

func (store) records(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Record, error) {
	return pg.All[Record](ctx, q, listRecords, user, nilID(before), n)
}

func (store) recordByKey(ctx context.Context, q pg.Querier, actor, key string) (Record, error) {
	return pg.Get[Record](ctx, q, recordColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}

// Sanction is a sanction as operators see it.
type Sanction struct {
	ID           uuid.UUID    `db:"sanction_id" json:"sanction_id"`
	UserID       uuid.UUID    `db:"user_id" json:"-"`
	Kind         SanctionKind `db:"kind" json:"kind"`
	Reason       string       `db:"reason" json:"reason"` // shown to the user
	InternalNote string       `db:"internal_note" json:"internal_note"`
	Actor        string       `db:"actor" json:"actor"`
	AppliedAt    time.Time    `db:"applied_at" json:"applied_at"`
	ExpiresAt    *time.Time   `db:"expires_at" json:"expires_at"`
	RemovedAt    *time.Time   `db:"removed_at" json:"removed_at"`
	RemovedBy    *string      `db:"removed_by" json:"removed_by"`
	onceOnly
}

// Active reports whether the sanction bars anything at now.
func (s Sanction) Active(now time.Time) bool {
	return s.RemovedAt == nil && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt))
}

const sanctionColumns = `
SELECT sanction_id, user_id, kind, reason, internal_note, actor, applied_at, expires_at, removed_at, removed_by, idempotency_key, request_hash
FROM sanctions`

const insertSanction = `
INSERT INTO sanctions (sanction_id, user_id, kind, reason, internal_note, actor, applied_at, expires_at, idempotency_key, request_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (store) insertSanction(tx *pg.Tx, s Sanction) {
	tx.Queue(insertSanction, s.ID, s.UserID, s.Kind, s.Reason, s.InternalNote, s.Actor, s.AppliedAt, s.ExpiresAt, s.Key, s.Hash)
}

const selectLiveSanction = sanctionColumns + ` WHERE user_id = $1 AND kind = $2 AND removed_at IS NULL`

// liveSanction returns the one sanction of a kind that is not removed, or nil.
func (store) liveSanction(ctx context.Context, q pg.Querier, user uuid.UUID, kind SanctionKind) (*Sanction, error) {
	return perhaps(pg.Get[Sanction](ctx, q, selectLiveSanction, user, kind))
}

const selectSanction = sanctionColumns + ` WHERE user_id = $1 AND sanction_id = $2`

func (store) sanction(ctx context.Context, q pg.Querier, user, id uuid.UUID) (*Sanction, error) {
	return perhaps(pg.Get[Sanction](ctx, q, selectSanction, user, id))
}

const listSanctions = sanctionColumns + `
WHERE user_id = $1 AND ($2::uuid IS NULL OR sanction_id < $2) ORDER BY sanction_id DESC LIMIT $3`

func (store) sanctions(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Sanction, error) {
	return pg.All[Sanction](ctx, q, listSanctions, user, nilID(before), n)
}

func (store) sanctionByKey(ctx context.Context, q pg.Querier, actor, key string) (Sanction, error) {
	return pg.Get[Sanction](ctx, q, sanctionColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}

const removeSanction = `UPDATE sanctions SET removed_at = $2, removed_by = $3 WHERE sanction_id = $1 AND removed_at IS NULL`

func (store) removeSanction(tx *pg.Tx, id uuid.UUID, at time.Time, by string) {
	tx.Queue(removeSanction, id, at, by)
}

// Override is an operator's number for one limit, as operators see it.
type Override struct {
	ID        uuid.UUID  `db:"override_id" json:"override_id"`
	UserID    uuid.UUID  `db:"user_id" json:"-"`
	Name      LimitName  `db:"name" json:"name"`
	Value     int        `db:"value" json:"value"`
	Reason    string     `db:"reason" json:"reason"`
	Actor     string     `db:"actor" json:"actor"`
	SetAt     time.Time  `db:"set_at" json:"set_at"`
	ExpiresAt *time.Time `db:"expires_at" json:"expires_at"`
	RemovedAt *time.Time `db:"removed_at" json:"removed_at"`
	RemovedBy *string    `db:"removed_by" json:"removed_by"`
}

// Active reports whether the override counts at now.
func (o Override) Active(now time.Time) bool {
	return o.RemovedAt == nil && (o.ExpiresAt == nil || now.Before(*o.ExpiresAt))
}

const insertOverride = `
INSERT INTO limit_overrides (override_id, user_id, name, value, reason, actor, set_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (store) insertOverride(tx *pg.Tx, o Override) {
	tx.Queue(insertOverride, o.ID, o.UserID, o.Name, o.Value, o.Reason, o.Actor, o.SetAt, o.ExpiresAt)
}

const removeOverride = `UPDATE limit_overrides SET removed_at = $2, removed_by = $3 WHERE override_id = $1 AND removed_at IS NULL`

func (store) removeOverride(tx *pg.Tx, id uuid.UUID, at time.Time, by string) {
	tx.Queue(removeOverride, id, at, by)
}

const listOverrides = `
SELECT override_id, user_id, name, value, reason, actor, set_at, expires_at, removed_at, removed_by
FROM limit_overrides WHERE user_id = $1 ORDER BY override_id DESC LIMIT $2`

func (store) overrides(ctx context.Context, q pg.Querier, user uuid.UUID, n int) ([]Override, error) {
	return pg.All[Override](ctx, q, listOverrides, user, n)
}

// Note is what operators tell each other about a user.
type Note struct {
	ID        uuid.UUID `db:"note_id" json:"note_id"`
	UserID    uuid.UUID `db:"user_id" json:"-"`
	Actor     string    `db:"actor" json:"actor"`
	Text      string    `db:"text" json:"text"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	onceOnly
}

const noteColumns = `SELECT note_id, user_id, actor, text, created_at, idempotency_key, request_hash FROM account_notes`

const insertNote = `
INSERT INTO account_notes (note_id, user_id, actor, text, created_at, idempotency_key, request_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (store) insertNote(tx *pg.Tx, n Note) {
	tx.Queue(insertNote, n.ID, n.UserID, n.Actor, n.Text, n.CreatedAt, n.Key, n.Hash)
}

const listNotes = noteColumns + `
 WHERE user_id = $1 AND ($2::uuid IS NULL OR note_id < $2) ORDER BY note_id DESC LIMIT $3`

func (store) notes(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Note, error) {
	return pg.All[Note](ctx, q, listNotes, user, nilID(before), n)
}

func (store) noteByKey(ctx context.Context, q pg.Querier, actor, key string) (Note, error) {
	return pg.Get[Note](ctx, q, noteColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}

// repeated returns the row that an earlier call with the same key made, nil when
// there is none, and ErrIdempotency when that call asked for something else.
func repeated[T interface{ hash() []byte }](once onceOnly, find func(key string) (T, error)) (*T, error) {
	if once.Key == nil {
		return nil, nil
	}
	row, err := perhaps(find(*once.Key))
	if err == nil && row != nil && !bytes.Equal((*row).hash(), once.Hash) {
		return nil, ErrIdempotency
	}
	return row, err
}

// clash is a key that two calls used at the same time for different things.
func clash(err error) error {
	if strings.HasSuffix(pg.Constraint(err), "_key") {
		return ErrIdempotency.Because(err)
	}
	return err
}

func perhaps[T any](v T, err error) (*T, error) {
	if errors.Is(err, pg.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// nilID makes SQL's NULL of the nil UUID: no cursor.
func nilID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}
