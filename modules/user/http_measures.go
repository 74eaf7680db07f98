package user

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

// history is a page of what belongs to one user.
type history struct {
	httpx.Page
	UserID uuid.UUID `path:"user_id"`
}

// page reads a page of a history: fetch gets the cursor and one row more than
// the page holds.
func page[R any](ctx context.Context, h adminRoutes, in history, kind string, fetch func(before uuid.UUID, n int) ([]R, error), id func(R) uuid.UUID) (httpx.List[R], error) {
	before, err := httpx.IDCursor(kind, in.Cursor)
	if err != nil {
		return httpx.List[R]{}, err
	}
	if err := h.service.Exists(ctx, in.UserID); err != nil {
		return httpx.List[R]{}, err
	}
	rows, err := fetch(before, in.Limit+1)
	if err != nil {
		return httpx.List[R]{}, err
	}
	return httpx.PageOf(rows, in.Limit, func(r R) R { return r }, func(r R) string { return httpx.EncodeCursor(kind, id(r).String()) }), nil
}

// located answers 201 for what the call made and 200 for what an earlier one did.
func located[V any](body V, fresh bool, user uuid.UUID, list string) httpx.Response[V] {
	out := httpx.Response[V]{Body: body, Header: http.Header{"Location": {"/api/v1/admin/users/" + user.String() + list}}}
	if !fresh {
		out.Status = http.StatusOK
	}
	return out
}

func (h adminRoutes) notes(ctx context.Context, in history) (httpx.List[Note], error) {
	return page(ctx, h, in, "notes", func(before uuid.UUID, n int) ([]Note, error) { return h.service.Notes(ctx, in.UserID, before, n) },
		func(n Note) uuid.UUID { return n.ID })
}

type addNote struct {
	UserID uuid.UUID `path:"user_id"`
	Text   string    `json:"text"`
}

func (h adminRoutes) note(ctx context.Context, in addNote) (httpx.Response[Note], error) {
	n, fresh, err := h.service.Note(ctx, in.UserID, in.Text)
	return located(n, fresh, in.UserID, "/notes"), err
}

func (h adminRoutes) records(ctx context.Context, in history) (httpx.List[Record], error) {
	return page(ctx, h, in, "entitlements", func(before uuid.UUID, n int) ([]Record, error) { return h.service.Records(ctx, in.UserID, before, n) },
		func(r Record) uuid.UUID { return r.ID })
}

type grantPlan struct {
	UserID uuid.UUID  `path:"user_id"`
	Plan   Plan       `json:"plan"`
	Source string     `json:"source"`
	Reason string     `json:"reason"`
	EndsAt *time.Time `json:"ends_at"`
}

func (h adminRoutes) grant(ctx context.Context, in grantPlan) (httpx.Response[Record], error) {
	if in.Source == "" {
		in.Source = "operator"
	}
	r, fresh, err := h.service.Grant(ctx, in.UserID, Grant{Plan: in.Plan, Source: in.Source, Reason: in.Reason, EndsAt: utc(in.EndsAt)})
	return located(r, fresh, in.UserID, "/entitlements"), err
}

func (h adminRoutes) sanctions(ctx context.Context, in history) (httpx.List[sanctionView], error) {
	now := h.service.clock.Now()
	fetch := func(before uuid.UUID, n int) ([]sanctionView, error) {
		rows, err := h.service.Sanctions(ctx, in.UserID, before, n)
		return views(rows, func(s Sanction) sanctionView { return sanctionView{s, s.Active(now)} }), err
	}
	return page(ctx, h, in, "sanctions", fetch, func(s sanctionView) uuid.UUID { return s.ID })
}

type applySanction struct {
	UserID       uuid.UUID    `path:"user_id"`
	Kind         SanctionKind `json:"kind"`
	Reason       string       `json:"reason"`
	InternalNote string       `json:"internal_note"`
	ExpiresAt    *time.Time   `json:"expires_at"`
}

func (h adminRoutes) sanction(ctx context.Context, in applySanction) (httpx.Response[sanctionView], error) {
	s, fresh, err := h.service.ApplySanction(ctx, in.UserID,
		SanctionTerms{Kind: in.Kind, Reason: in.Reason, InternalNote: in.InternalNote, ExpiresAt: utc(in.ExpiresAt)})
	return located(sanctionView{s, s.Active(h.service.clock.Now())}, fresh, in.UserID, "/sanctions"), err
}

type bySanction struct {
	UserID     uuid.UUID `path:"user_id"`
	SanctionID uuid.UUID `path:"sanction_id"`
}

func (h adminRoutes) lift(ctx context.Context, in bySanction) error {
	return h.service.LiftSanction(ctx, in.UserID, in.SanctionID)
}

func (h adminRoutes) limits(ctx context.Context, in byUser) (limitsView, error) {
	if err := h.service.Exists(ctx, in.UserID); err != nil {
		return limitsView{}, err
	}
	e, err := h.service.Entitlement(ctx, in.UserID)
	if err != nil {
		return limitsView{}, err
	}
	past, err := h.service.Overrides(ctx, in.UserID)
	if err != nil {
		return limitsView{}, err
	}
	return limitsView{Plan: e.Plan, Limits: e.Limits, Overrides: past}, nil
}

type setLimit struct {
	UserID    uuid.UUID  `path:"user_id"`
	Name      string     `path:"name"`
	Value     int        `json:"value"`
	Reason    string     `json:"reason"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (h adminRoutes) setLimit(ctx context.Context, in setLimit) (limitsView, error) {
	err := h.service.SetLimit(ctx, in.UserID, LimitName(in.Name), in.Value, in.Reason, utc(in.ExpiresAt))
	if err != nil {
		return limitsView{}, err
	}
	return h.limits(ctx, byUser{in.UserID})
}

type byLimit struct {
	UserID uuid.UUID `path:"user_id"`
	Name   string    `path:"name"`
}

func (h adminRoutes) clearLimit(ctx context.Context, in byLimit) error {
	return h.service.ClearLimit(ctx, in.UserID, LimitName(in.Name))
}

// utc is a time as the database would give it back.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
