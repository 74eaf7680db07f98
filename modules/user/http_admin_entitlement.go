package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

func (h adminRoutes) entitlements(ctx context.Context, in historyQuery) (httpx.List[EntitlementRecord], error) {
	list := func(before uuid.UUID, n int) ([]EntitlementRecord, error) {
		return h.service.EntitlementRecords(ctx, in.UserID, before, n)
	}
	return historyPage(ctx, h, in, "entitlements", list,
		func(e EntitlementRecord) EntitlementRecord { return e }, func(e EntitlementRecord) uuid.UUID { return e.ID })
}

type grantPlan struct {
	UserID uuid.UUID  `path:"user_id"`
	Plan   Plan       `json:"plan"`
	Source string     `json:"source"`
	Reason string     `json:"reason"`
	EndsAt *time.Time `json:"ends_at"`
}

func (h adminRoutes) grantPlan(ctx context.Context, in grantPlan) (httpx.Response[EntitlementRecord], error) {
	if in.Source == "" {
		in.Source = "operator"
	}
	e, inserted, err := h.service.GrantPlan(ctx, in.UserID,
		Grant{Plan: in.Plan, Source: in.Source, Reason: in.Reason, EndsAt: in.EndsAt})
	return created(e, inserted, in.UserID, "/entitlements"), err
}

func (h adminRoutes) limits(ctx context.Context, in userParam) (limitsView, error) {
	if err := h.service.Exists(ctx, in.UserID); err != nil {
		return limitsView{}, err
	}
	e, err := h.service.Entitlement(ctx, in.UserID)
	if err != nil {
		return limitsView{}, err
	}
	overrides, err := h.service.Overrides(ctx, in.UserID)
	if err != nil {
		return limitsView{}, err
	}
	return limitsView{Plan: e.Plan, Limits: e.Limits, Overrides: overrides}, nil
}

type setLimit struct {
	UserID    uuid.UUID  `path:"user_id"`
	Name      string     `path:"name"`
	Value     int        `json:"value"`
	Reason    string     `json:"reason"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (h adminRoutes) setLimit(ctx context.Context, in setLimit) (limitsView, error) {
	err := h.service.SetLimit(ctx, in.UserID, LimitName(in.Name), in.Value, in.Reason, in.ExpiresAt)
	if err != nil {
		return limitsView{}, err
	}
	return h.limits(ctx, userParam{in.UserID})
}

type limitParam struct {
	UserID uuid.UUID `path:"user_id"`
	Name   string    `path:"name"`
}

func (h adminRoutes) clearLimit(ctx context.Context, in limitParam) error {
	return h.service.ClearLimit(ctx, in.UserID, LimitName(in.Name))
}
