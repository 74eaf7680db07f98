package auth

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("auth",
		httpx.Route{Op: "requestEmailChange", Method: http.MethodPost, Path: "/account/email", Handle: httpx.JSON(200, h.requestEmail)},
		httpx.Route{Op: "confirmEmailChange", Method: http.MethodPost, Path: "/account/email/confirm", Handle: httpx.JSON(200, h.confirmEmail)},
		httpx.Route{Op: "listMySessions", Method: http.MethodGet, Path: "/sessions", Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "revokeMySession", Method: http.MethodPost, Path: "/sessions/{session_id}/revoke", Handle: httpx.Empty(204, h.revoke)},
		httpx.Route{Op: "revokeMyOtherSessions", Method: http.MethodPost, Path: "/sessions/revoke-others", Handle: httpx.JSON(200, h.revokeOthers)},
		httpx.Route{Op: "revokeAllMySessions", Method: http.MethodPost, Path: "/sessions/revoke-all", Handle: httpx.JSON(200, h.revokeAll)},
	)
}

type emailBody struct {
	Email string `json:"email"`
}

func (h userRoutes) requestEmail(ctx context.Context, in emailBody) (challengeView, error) {
	issued, err := h.service.SendEmailChange(ctx, httpx.UserID(ctx), in.Email)
	return challengeView(issued), err
}

type confirmEmailBody struct {
	ChallengeID uuid.UUID `json:"challenge_id"`
	Code        string    `json:"code"`
}

func (h userRoutes) confirmEmail(ctx context.Context, in confirmEmailBody) (emailBody, error) {
	email, err := h.service.ConfirmEmailChange(ctx, httpx.UserID(ctx), in.ChallengeID, in.Code)
	return emailBody{email}, err
}

type sessionQuery struct {
	httpx.Page
	Status string `query:"status"`
}

// list returns a page of a user's sessions.
func (q sessionQuery) list(ctx context.Context, s *Service, user uuid.UUID) (httpx.List[sessionView], error) {
	return httpx.PageByID("sessions", q.Page, func(before uuid.UUID, n int) ([]Session, error) {
		return s.Sessions(ctx, SessionFilter{UserID: user, Status: Status(q.Status), Before: before, Limit: n})
	}, viewOf, func(s Session) uuid.UUID { return s.ID })
}

func (h userRoutes) list(ctx context.Context, in sessionQuery) (httpx.List[sessionView], error) {
	return in.list(ctx, h.service, httpx.UserID(ctx))
}

type bySessionID struct {
	ID uuid.UUID `path:"session_id"`
}

func (h userRoutes) revoke(ctx context.Context, in bySessionID) error {
	return h.service.RevokeOwn(ctx, httpx.UserID(ctx), in.ID)
}

type revokeOthersBody struct {
	ID uuid.UUID `json:"device_session_id"`
}

type revokedView struct {
	Revoked int `json:"revoked"`
}

func (h userRoutes) revokeOthers(ctx context.Context, in revokeOthersBody) (revokedView, error) {
	n, err := h.service.RevokeOthers(ctx, httpx.UserID(ctx), in.ID)
	return revokedView{n}, err
}

func (h userRoutes) revokeAll(ctx context.Context, _ struct{}) (revokedView, error) {
	n, err := h.service.RevokeAll(ctx, httpx.UserID(ctx), RevokedByUser)
	return revokedView{n}, err
}
