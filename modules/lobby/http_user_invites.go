package lobby

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
)

type userInviteRoutes struct{ service *Service }

func newUserInviteRoutes(s *Service) httpx.Table {
	h := userInviteRoutes{s}
	const one = "/lobby/games/{game_id}"
	return httpx.User("lobby",
		httpx.Route{Op: "createInvite", Method: http.MethodPost, Path: one + "/invites", Handle: httpx.JSON(201, h.invite)},
		httpx.Route{Op: "listInvites", Method: http.MethodGet, Path: one + "/invites", Handle: httpx.JSON(200, h.invites)},
		httpx.Route{Op: "redeemInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/redeem", Handle: httpx.JSON(201, h.redeem)},
		httpx.Route{Op: "declineInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/decline", Handle: httpx.JSON(200, h.decline)},
		httpx.Route{Op: "revokeInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/revoke", Handle: httpx.JSON(200, h.revoke)},
		httpx.Route{Op: "listMyInvites", Method: http.MethodGet, Path: "/lobby/my/invites", Handle: httpx.JSON(200, h.myInvites)},
	)
}

type createInvite struct {
	byGame
	UserID    uuid.UUID  `json:"user_id"`
	UserName  string     `json:"user_name"`
	Message   string     `json:"message"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (h userInviteRoutes) invite(ctx context.Context, in createInvite) (httpx.Response[inviteView], error) {
	out := httpx.Response[inviteView]{Status: http.StatusOK}
	if (in.UserID == uuid.Nil) == (in.UserName == "") {
		return out, httpx.Validation("user_id", "required", "name the user by user_id or by user_name")
	}
	invitation := Invitation{
		Game: in.Game, UserID: in.UserID, UserName: in.UserName, Message: in.Message, ExpiresAt: in.ExpiresAt,
	}
	i, made, err := h.service.Invite(ctx, httpx.UserID(ctx), invitation, httpx.IdempotencyKey(ctx))
	out.Body = viewInvite(i)
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/games/" + in.Game.String() + "/invites"}}
	}
	return out, err
}

func (h userInviteRoutes) invites(ctx context.Context, in gamePage) (httpx.List[inviteView], error) {
	return httpx.PageByID("invites", in.Page, func(before uuid.UUID, n int) ([]Invite, error) {
		return h.service.Invites(ctx, game.CallingUser(ctx), in.Game, before, n)
	}, viewInvite, func(i Invite) uuid.UUID { return i.ID })
}

type byInvite struct {
	ID uuid.UUID `path:"invite_id"`
}

type redeemInvite struct {
	byInvite
	RaceName string `json:"race_name"`
}

type declineInvite struct {
	byInvite
	Reason string `json:"reason"`
}

func (h userInviteRoutes) redeem(ctx context.Context, in redeemInvite) (httpx.Response[game.MembershipView], error) {
	return membershipResponse(h.service.Redeem(ctx, httpx.UserID(ctx), in.ID, in.RaceName))
}

func (h userInviteRoutes) decline(ctx context.Context, in declineInvite) (inviteView, error) {
	i, err := h.service.Decline(ctx, httpx.UserID(ctx), in.ID, in.Reason)
	return viewInvite(i), err
}

func (h userInviteRoutes) revoke(ctx context.Context, in byInvite) (inviteView, error) {
	i, err := h.service.Revoke(ctx, game.CallingUser(ctx), in.ID)
	return viewInvite(i), err
}

func (h userInviteRoutes) myInvites(ctx context.Context, in httpx.Page) (httpx.List[inviteView], error) {
	return httpx.PageByID("my_invites", in, func(before uuid.UUID, n int) ([]Invite, error) {
		return h.service.MyInvites(ctx, httpx.UserID(ctx), before, n)
	}, viewInvite, func(i Invite) uuid.UUID { return i.ID })
}
