package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type publicRoutes struct{ service *Service }

func newPublicRoutes(s *Service) httpx.Table {
	h := publicRoutes{s}
	return httpx.Public("auth",
		httpx.Route{Op: "sendEmailCode", Method: http.MethodPost, Path: "/auth/send-email-code", Handle: httpx.JSON(200, h.send)},
		httpx.Route{Op: "confirmEmailCode", Method: http.MethodPost, Path: "/auth/confirm-email-code", Handle: httpx.JSON(200, h.confirm)},
	)
}

type sendCodeBody struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

type challengeView struct {
	ChallengeID uuid.UUID `json:"challenge_id"`
	ExpiresAt   time.Time `json:"expires_at"`
}

func (h publicRoutes) send(ctx context.Context, in sendCodeBody) (challengeView, error) {
	issued, err := h.service.SendCode(ctx, in.Email, in.Language)
	return challengeView(issued), err
}

type confirmCodeBody struct {
	ChallengeID     uuid.UUID `json:"challenge_id"`
	Code            string    `json:"code"`
	ClientPublicKey string    `json:"client_public_key"`
	TimeZone        string    `json:"time_zone"`
	Language        string    `json:"language"`
	Device          struct {
		Name      string `json:"name"`
		UserAgent string `json:"user_agent"`
	} `json:"device"`
}

type signedInView struct {
	DeviceSessionID uuid.UUID `json:"device_session_id"`
	UserID          uuid.UUID `json:"user_id"`
}

func (h publicRoutes) confirm(ctx context.Context, in confirmCodeBody) (signedInView, error) {
	session, err := h.service.Confirm(ctx, Confirmation{
		ChallengeID: in.ChallengeID, Code: in.Code, PublicKey: in.ClientPublicKey, TimeZone: in.TimeZone,
		Language: in.Language, DeviceName: in.Device.Name, UserAgent: in.Device.UserAgent,
	})
	return signedInView{DeviceSessionID: session.ID, UserID: session.UserID}, err
}
