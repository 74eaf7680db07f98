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

// refusal is a status and a code; the zero value lets the caller through.
type refusal struct {
	status int
	code   string
}

// access is what a route answers, beside the members who play.
type access struct {
	body                  any
	owner, former, member refusal
}

// accessTable says who may do what; the owner does not play. A route that is not
// in it fails the test.
func accessTable() map[string]access {
	hidden, ended := refusal{http.StatusNotFound, "not_found"}, refusal{http.StatusForbidden, "membership_ended"}
	notOwner := refusal{http.StatusForbidden, "not_owner"}
	players := func(body any) access { return access{body: body, owner: hidden, former: ended} }
	command := map[string]any{"type": "relation.set", "race": "Race1", "relation": "peace"}
	return map[string]access{
		"getOrders":     players(nil),
		"putOrders":     players(map[string]any{"turn": 0, "orders": []any{}}),
		"giveCommand":   players(map[string]any{"turn": 0, "command": command}),
		"setReady":      players(map[string]any{"turn": 0}),
		"withdrawReady": players(nil),
		"listTurns":     players(nil),
		"getReport":     players(nil),
		"extendTurn":    {body: map[string]any{"next_turn_at": noon.Add(2 * time.Hour)}, former: notOwner, member: notOwner},
	}
}

// Every user route of the domain, whoever calls it. To strangers a game exists
// no more than one that does not.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.MaxExtend = 2 * time.Hour
	g := f.startGame(turns, 3)
	owner, stranger, blocked, deleted := uuid.New(), uuid.New(), f.user(g, 2), uuid.New()
	f.games.changeGame(g.ID, func(g *game.Game) { g.OwnerID = &owner })
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	api := f.serveTo(t, admission{blocked: user.ErrBlocked, deleted: user.ErrUserUnknown})
	table := accessTable()
	for _, r := range newUserRoutes(f.service, config()).Routes {
		a, ok := table[r.Op]
		require.True(t, ok, "who may call %s?", r.Op)
		delete(table, r.Op)
		call := func(who, game uuid.UUID) testkit.Reply {
			path := strings.NewReplacer("{game_id}", game.String(), "{turn}", "latest").Replace(r.Path)
			return api.User(who).Call(r.Method, "/api/v1/user"+path, a.body)
		}
		call(deleted, g.ID).Refused(http.StatusUnauthorized, "user_unknown")
		call(blocked, g.ID).Refused(http.StatusForbidden, "account_blocked")
		hidden := call(stranger, g.ID).Refused(http.StatusNotFound, "not_found")
		missing := call(stranger, uuid.New()).Refused(http.StatusNotFound, "not_found")
		require.Equal(t, withoutRequestID(missing.Body), withoutRequestID(hidden.Body), r.Op)
		for who, want := range map[uuid.UUID]refusal{f.user(g, 1): a.former, owner: a.owner, f.user(g, 0): a.member} {
			reply := call(who, g.ID)
			if want.code != "" {
				reply.Refused(want.status, want.code)
				continue
			}
			require.NotContains(t, []int{401, 403, 404}, reply.Status, "%s: %s", r.Op, reply.Body)
		}
	}
	require.Empty(t, table, "there are no such routes")
}

func withoutRequestID(body []byte) string {
	text, _, _ := strings.Cut(string(body), `"request_id"`)
	return text
}
