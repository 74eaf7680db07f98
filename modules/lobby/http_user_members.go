package lobby

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userMemberRoutes struct{ service *Service }

func newUserMemberRoutes(s *Service) httpx.Table {
	h := userMemberRoutes{s}
	const game = "/lobby/games/{game_id}"
	return httpx.User("lobby",
		httpx.Route{Op: "createApplication", Method: http.MethodPost, Path: game + "/applications", Handle: httpx.JSON(201, h.apply)},
		httpx.Route{Op: "listApplications", Method: http.MethodGet, Path: game + "/applications", Handle: httpx.JSON(200, h.applications)},
		httpx.Route{Op: "approveApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/approve", Handle: httpx.JSON(200, h.approve)},
		httpx.Route{Op: "rejectApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/reject", Handle: httpx.JSON(200, h.reject)},
		httpx.Route{Op: "withdrawApplication", Method: http.MethodPost, Path: "/lobby/applications/{application_id}/withdraw", Handle: httpx.JSON(200, h.withdraw)},
		httpx.Route{Op: "createInvite", Method: http.MethodPost, Path: game + "/invites", Handle: httpx.JSON(201, h.invite)},
		httpx.Route{Op: "listInvites", Method: http.MethodGet, Path: game + "/invites", Handle: httpx.JSON(200, h.invites)},
		httpx.Route{Op: "redeemInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/redeem", Handle: httpx.JSON(201, h.redeem)},
		httpx.Route{Op: "declineInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/decline", Handle: httpx.JSON(200, h.decline)},
		httpx.Route{Op: "revokeInvite", Method: http.MethodPost, Path: "/lobby/invites/{invite_id}/revoke", Handle: httpx.JSON(200, h.revoke)},
		httpx.Route{Op: "listMemberships", Method: http.MethodGet, Path: game + "/memberships", Handle: httpx.JSON(200, h.members)},
		httpx.Route{Op: "removeMember", Method: http.MethodPost, Path: game + "/memberships/{user_id}/remove", Handle: httpx.JSON(200, h.remove)},
		httpx.Route{Op: "blockMember", Method: http.MethodPost, Path: game + "/memberships/{user_id}/block", Handle: httpx.JSON(200, h.block)},
		httpx.Route{Op: "joinGame", Method: http.MethodPost, Path: game + "/join", Handle: httpx.JSON(201, h.join)},
		httpx.Route{Op: "leaveGame", Method: http.MethodPost, Path: game + "/leave", Handle: httpx.Empty(204, h.leave)},
		httpx.Route{Op: "offerSeat", Method: http.MethodPost, Path: game + "/seats/{race_name}/offer", Handle: httpx.JSON(200, h.offer)},
		httpx.Route{Op: "takeSeat", Method: http.MethodPost, Path: game + "/seats/{race_name}/take", Handle: httpx.JSON(201, h.take)},
		httpx.Route{Op: "listMyApplications", Method: http.MethodGet, Path: "/lobby/my/applications", Handle: httpx.JSON(200, h.myApplications)},
		httpx.Route{Op: "listMyInvites", Method: http.MethodGet, Path: "/lobby/my/invites", Handle: httpx.JSON(200, h.myInvites)},
	)
}

type createApplication struct {
	byGame
	RaceName string `json:"race_name"`
	Message  string `json:"message"`
}

func (h userMemberRoutes) apply(ctx context.Context, in createApplication) (httpx.Response[applicationView], error) {
	a, made, err := h.service.Apply(ctx, Application{GameID: in.Game, UserID: httpx.UserID(ctx), RaceName: in.RaceName, Message: in.Message}, httpx.IdempotencyKey(ctx))
	out := httpx.Response[applicationView]{Body: viewApplication(a), Status: http.StatusOK}
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/my/applications"}}
	}
	return out, err
}

type gamePage struct {
	byGame
	httpx.Page
}

func (h userMemberRoutes) applications(ctx context.Context, in gamePage) (httpx.List[applicationView], error) {
	return listApplications(ctx, h.service, caller(ctx), in)
}

func listApplications(ctx context.Context, s *Service, by Actor, in gamePage) (httpx.List[applicationView], error) {
	return pageOf("applications", in.Page, func(before uuid.UUID, n int) ([]Application, error) {
		return s.Applications(ctx, by, in.Game, before, n)
	}, viewApplication, func(a Application) uuid.UUID { return a.ID })
}

type byApplication struct {
	ID uuid.UUID `path:"application_id"`
}

type rejectApplication struct {
	byApplication
	Reason string `json:"reason"`
}

func (h userMemberRoutes) approve(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Approve(ctx, caller(ctx), in.ID)
	return viewApplication(a), err
}

func (h userMemberRoutes) reject(ctx context.Context, in rejectApplication) (applicationView, error) {
	a, err := h.service.Reject(ctx, caller(ctx), in.ID, in.Reason)
	return viewApplication(a), err
}

func (h userMemberRoutes) withdraw(ctx context.Context, in byApplication) (applicationView, error) {
	a, err := h.service.Withdraw(ctx, httpx.UserID(ctx), in.ID)
	return viewApplication(a), err
}

type createInvite struct {
	byGame
	UserID    uuid.UUID  `json:"user_id"`
	UserName  string     `json:"user_name"`
	Message   string     `json:"message"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (h userMemberRoutes) invite(ctx context.Context, in createInvite) (httpx.Response[inviteView], error) {
	out := httpx.Response[inviteView]{Status: http.StatusOK}
	if (in.UserID == uuid.Nil) == (in.UserName == "") {
		return out, httpx.Validation("user_id", "required", "name the user by user_id or by user_name")
	}
	i, made, err := h.service.Invite(ctx, httpx.UserID(ctx), Invitation{Game: in.Game, UserID: in.UserID, UserName: in.UserName,
		Message: in.Message, ExpiresAt: in.ExpiresAt}, httpx.IdempotencyKey(ctx))
	out.Body = viewInvite(i)
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/games/" + in.Game.String() + "/invites"}}
	}
	return out, err
}

func (h userMemberRoutes) invites(ctx context.Context, in gamePage) (httpx.List[inviteView], error) {
	return pageOf("invites", in.Page, func(before uuid.UUID, n int) ([]Invite, error) {
		return h.service.Invites(ctx, caller(ctx), in.Game, before, n)
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

func (h userMemberRoutes) redeem(ctx context.Context, in redeemInvite) (httpx.Response[seatView], error) {
	return seated(h.service.Redeem(ctx, httpx.UserID(ctx), in.ID, in.RaceName))
}

func (h userMemberRoutes) decline(ctx context.Context, in declineInvite) (inviteView, error) {
	i, err := h.service.Decline(ctx, httpx.UserID(ctx), in.ID, in.Reason)
	return viewInvite(i), err
}

func (h userMemberRoutes) revoke(ctx context.Context, in byInvite) (inviteView, error) {
	i, err := h.service.Revoke(ctx, caller(ctx), in.ID)
	return viewInvite(i), err
}

func (h userMemberRoutes) members(ctx context.Context, in byGame) (httpx.List[seatView], error) {
	seats, err := h.service.Members(ctx, httpx.UserID(ctx), in.Game)
	return viewSeats(seats), err
}

type byMember struct {
	byGame
	Member uuid.UUID `path:"user_id"`
}

func (h userMemberRoutes) remove(ctx context.Context, in byMember) (seatView, error) {
	s, err := h.service.Remove(ctx, caller(ctx), in.Game, in.Member)
	return viewSeat(s), err
}

func (h userMemberRoutes) block(ctx context.Context, in byMember) (seatView, error) {
	s, err := h.service.Block(ctx, caller(ctx), in.Game, in.Member)
	return viewSeat(s), err
}

type joinGame struct {
	byGame
	RaceName string `json:"race_name"`
}

func (h userMemberRoutes) join(ctx context.Context, in joinGame) (httpx.Response[seatView], error) {
	return seated(h.service.Join(ctx, httpx.UserID(ctx), in.Game, in.RaceName))
}

func (h userMemberRoutes) leave(ctx context.Context, in byGame) error {
	return h.service.Leave(ctx, httpx.UserID(ctx), in.Game)
}

type byRace struct {
	byGame
	RaceName string `path:"race_name"`
}

func (h userMemberRoutes) offer(ctx context.Context, in byRace) (seatView, error) {
	s, err := h.service.Offer(ctx, caller(ctx), in.Game, in.RaceName)
	return viewSeat(s), err
}

func (h userMemberRoutes) take(ctx context.Context, in byRace) (httpx.Response[seatView], error) {
	return seated(h.service.Take(ctx, httpx.UserID(ctx), in.Game, in.RaceName))
}

func (h userMemberRoutes) myApplications(ctx context.Context, in httpx.Page) (httpx.List[applicationView], error) {
	return pageOf("my_applications", in, func(before uuid.UUID, n int) ([]Application, error) {
		return h.service.MyApplications(ctx, httpx.UserID(ctx), before, n)
	}, viewApplication, func(a Application) uuid.UUID { return a.ID })
}

func (h userMemberRoutes) myInvites(ctx context.Context, in httpx.Page) (httpx.List[inviteView], error) {
	return pageOf("my_invites", in, func(before uuid.UUID, n int) ([]Invite, error) {
		return h.service.MyInvites(ctx, httpx.UserID(ctx), before, n)
	}, viewInvite, func(i Invite) uuid.UUID { return i.ID })
}
