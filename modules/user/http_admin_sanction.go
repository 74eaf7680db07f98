package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

func (h adminRoutes) sanctions(ctx context.Context, in historyQuery) (httpx.List[sanctionView], error) {
	now := h.service.clock.Now()
	list := func(before uuid.UUID, n int) ([]Sanction, error) {
		return h.service.Sanctions(ctx, in.UserID, before, n)
	}
	return historyPage(ctx, h, in, "sanctions", list,
		func(s Sanction) sanctionView { return newSanctionView(s, now) }, func(s Sanction) uuid.UUID { return s.ID })
}

type applySanction struct {
	UserID       uuid.UUID    `path:"user_id"`
	Kind         SanctionKind `json:"kind"`
	Reason       string       `json:"reason"`
	InternalNote string       `json:"internal_note"`
	ExpiresAt    *time.Time   `json:"expires_at"`
}

func (h adminRoutes) applySanction(ctx context.Context, in applySanction) (httpx.Response[sanctionView], error) {
	s, inserted, err := h.service.ApplySanction(ctx, in.UserID,
		SanctionTerms{Kind: in.Kind, Reason: in.Reason, InternalNote: in.InternalNote, ExpiresAt: in.ExpiresAt})
	return created(newSanctionView(s, h.service.clock.Now()), inserted, in.UserID, "/sanctions"), err
}

type sanctionParam struct {
	UserID     uuid.UUID `path:"user_id"`
	SanctionID uuid.UUID `path:"sanction_id"`
}

func (h adminRoutes) liftSanction(ctx context.Context, in sanctionParam) error {
	return h.service.LiftSanction(ctx, in.UserID, in.SanctionID)
}
