package lobby

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
)

type byGame struct {
	Game uuid.UUID `path:"game_id"`
}

// membershipResponse shows a seat that was just taken, or by an earlier request.
func membershipResponse(m game.Membership, made bool, err error) (httpx.Response[game.MembershipView], error) {
	out := httpx.Response[game.MembershipView]{Body: game.ViewMembership(m), Status: http.StatusOK}
	if made {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/user/lobby/games/" + m.GameID.String() + "/memberships"}}
	}
	return out, err
}

type applicationView struct {
	ID        uuid.UUID  `json:"application_id"`
	GameID    uuid.UUID  `json:"game_id"`
	GameName  string     `json:"game_name"`
	UserID    uuid.UUID  `json:"user_id"`
	RaceName  string     `json:"race_name"`
	Message   string     `json:"message"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	DecidedAt *time.Time `json:"decided_at"`
}

func viewApplication(a Application) applicationView {
	return applicationView{
		ID: a.ID, GameID: a.GameID, GameName: a.GameName, UserID: a.UserID, RaceName: a.RaceName, Message: a.Message,
		State: a.State, Reason: a.Reason, CreatedAt: a.CreatedAt, DecidedAt: a.DecidedAt,
	}
}

type inviteView struct {
	ID        uuid.UUID  `json:"invite_id"`
	GameID    uuid.UUID  `json:"game_id"`
	GameName  string     `json:"game_name"`
	UserID    uuid.UUID  `json:"user_id"`
	InviterID uuid.UUID  `json:"inviter_user_id"`
	Message   string     `json:"message"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	DecidedAt *time.Time `json:"decided_at"`
}

func viewInvite(i Invite) inviteView {
	return inviteView{
		ID: i.ID, GameID: i.GameID, GameName: i.GameName, UserID: i.UserID, InviterID: i.InviterID, Message: i.Message,
		State: i.State, Reason: i.Reason, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, DecidedAt: i.DecidedAt,
	}
}
