package turn

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/testkit"
)

// door says to whom a route opens beside the members who play: empty for who is
// let through, else status and code.
type door struct {
	body                  any
	owner, former, member string
}

const (
	hidden = "404 not_found"
	ended  = "403 membership_ended"
)

// routesOf is the table of who may do what; the owner does not play. A route
// that is not in it fails the test.
func routesOf() map[string]door {
	players := func(body any) door { return door{body: body, owner: hidden, former: ended} }
	return map[string]door{
		"getOrders": players(nil), "putOrders": players(map[string]any{"turn": 0, "orders": []any{}}),
		"giveCommand": players(map[string]any{"turn": 0, "command": map[string]any{"type": "relation.set", "race": "Race1", "relation": "peace"}}),
		"setReady":    players(map[string]any{"turn": 0}), "withdrawReady": players(nil), "listTurns": players(nil), "getReport": players(nil),
		"extendTurn": {body: map[string]any{"next_turn_at": noon.Add(2 * time.Hour)}, former: "403 not_owner", member: "403 not_owner"},
	}
}

// Every user route of the domain, whoever calls it. To strangers a game exists
// no more than one that does not.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.MaxExtend = 2 * time.Hour
	g := w.game(turns, 3)
	owner, stranger, blocked, deleted := uuid.New(), uuid.New(), w.user(g, 2), uuid.New()
	w.lobby.update(g.ID, func(g *game.Game) { g.OwnerID = &owner })
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	api := w.serveTo(t, doors{blocked: user.ErrBlocked, deleted: user.ErrUserUnknown})
	known := routesOf()
	for _, r := range newUserRoutes(w.service, config()).Routes {
		d, ok := known[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(known, r.Op)
		call := func(who, gameID uuid.UUID) testkit.Reply {
			return api.User(who).Call(r.Method, "/api/v1/user"+strings.NewReplacer("{game_id}", gameID.String(), "{turn}", "latest").Replace(r.Path), d.body)
		}
		call(deleted, g.ID).Refused(http.StatusUnauthorized, "user_unknown")
		call(blocked, g.ID).Refused(http.StatusForbidden, "account_blocked")
		seen, unseen := call(stranger, g.ID).Refused(http.StatusNotFound, "not_found"), call(stranger, uuid.New()).Refused(http.StatusNotFound, "not_found")
		require.Equal(t, withoutRequestID(unseen.Body), withoutRequestID(seen.Body), r.Op)
		for who, want := range map[uuid.UUID]string{w.user(g, 1): d.former, owner: d.owner, w.user(g, 0): d.member} {
			reply := call(who, g.ID)
			if status, code, refused := strings.Cut(want, " "); refused {
				reply.Refused(map[string]int{"403": 403, "404": 404}[status], code)
				continue
			}
			require.NotContains(t, []int{401, 403, 404}, reply.Status, "%s: %s", r.Op, reply.Body)
		}
	}
	require.Empty(t, known, "there are no such routes")
}

func withoutRequestID(body []byte) string {
	text, _, _ := strings.Cut(string(body), `"request_id"`)
	return text
}
