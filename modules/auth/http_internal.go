package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type internalRoutes struct{ service *Service }

func newInternalRoutes(s *Service) httpx.Table {
	h := internalRoutes{s}
	return httpx.Internal("auth",
		httpx.Route{Op: "getDeviceSession", Method: http.MethodGet, Path: "/sessions/{device_session_id}", Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "touchDeviceSession", Method: http.MethodPost, Path: "/sessions/{device_session_id}/touch", Handle: httpx.Empty(204, h.touch)},
		httpx.Route{Op: "revokeDeviceSession", Method: http.MethodPost, Path: "/sessions/{device_session_id}/revoke", Handle: httpx.Empty(204, h.revoke)},
	)
}

type byDeviceSessionID struct {
	ID uuid.UUID `path:"device_session_id"`
}

// credentialView is what a gateway needs to verify a client.
type credentialView struct {
	DeviceSessionID uuid.UUID         `json:"device_session_id"`
	UserID          uuid.UUID         `json:"user_id"`
	ClientPublicKey string            `json:"client_public_key"`
	Status          Status            `json:"status"`
	RevokedAt       *time.Time        `json:"revoked_at"`
	RevokedReason   *RevocationReason `json:"revoked_reason"`
}

func (h internalRoutes) get(ctx context.Context, in byDeviceSessionID) (credentialView, error) {
	s, err := h.service.Session(ctx, in.ID)
	if err != nil {
		return credentialView{}, err
	}
	return credentialView{DeviceSessionID: s.ID, UserID: s.UserID, ClientPublicKey: encodePublicKey(s.PublicKey),
		Status: s.Status, RevokedAt: s.RevokedAt, RevokedReason: s.RevokedReason}, nil
}

func (h internalRoutes) touch(ctx context.Context, in byDeviceSessionID) error {
	return h.service.Touch(ctx, in.ID)
}

func (h internalRoutes) revoke(ctx context.Context, in byDeviceSessionID) error {
	return h.service.Revoke(ctx, in.ID, RevokedByGateway)
}
