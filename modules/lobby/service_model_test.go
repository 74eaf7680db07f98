package lobby

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// machine takes the same steps with a game and with its model.
type machine struct {
	*fixture
	model   *model
	id      uuid.UUID
	players []uuid.UUID
	rand    *rand.Rand
	taken   []string // names of the steps, for the message of a failure
}

var runs = flag.Uint64("lobby.runs", 60, "how many random runs of a game are compared with the model")

// TestTheLobbyFollowsItsRules compares a game with its model after each of many
// random steps. What the model refuses has to be refused, and to change nothing.
// A run is its seed. The numbers are uniform, which those of property testing
// libraries, which prefer small ones, are not: most of the rules need many steps.
func TestTheLobbyFollowsItsRules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for seed := range *runs {
		f.intents.Reset()
		m := &machine{fixture: f, players: f.addUsers(5), rand: rand.New(rand.NewPCG(seed, 1))}
		m.run(seed)
	}
}

func (m *machine) run(seed uint64) {
	defer func() {
		if m.Failed() {
			m.Logf("seed %d: %s", seed, strings.Join(m.taken, ", "))
		}
	}()
	m.makeGame()
	m.setUp()
	m.check()
	steps := weightedSteps()
	for terminal := 0; terminal < 8 && len(m.taken) < 60; { // a few steps more once nothing can happen
		if m.model.state.Terminal() {
			terminal++
		}
		s := steps[m.random(len(steps))]
		m.taken = append(m.taken, s.name)
		s.run(m)
		m.check()
	}
}

func (m *machine) makeGame() {
	policies := []string{game.PolicyInvite, game.PolicyApplication, game.PolicyApplication, game.PolicyAuto}
	policy := policies[m.random(len(policies))]
	owner, maker := 0, by(m.players[0])
	if policy == game.PolicyAuto || policy == game.PolicyApplication && m.random(2) == 0 {
		owner, maker = noUser, root
	}
	g := m.draft(maker, func(n *game.NewGame) { n.MaxPlayers, n.JoinPolicy = 3, policy })
	m.id, m.model = g.ID, newModel(owner, policy, m.clock.Now())
}

// setUp takes the game through some of its usual steps.
func (m *machine) setUp() {
	who, stage := m.manager(), m.random(6)
	if stage > 0 {
		m.tryMove(who, game.Open)
	}
	if stage > 1 {
		for u := 1; u < 1+m.model.min+m.random(2); u++ {
			m.advance(time.Second)
			m.tryEnroll(who, u)
		}
	}
	if stage > 2 {
		m.tryMove(who, game.Close)
	}
	if stage > 3 {
		m.tryMove(who, game.Start)
	}
	if stage > 4 {
		m.engineSeen(runtime.Running)
	}
}

func (m *machine) random(n int) int { return m.rand.IntN(n) }

func (m *machine) randomUser() int { return m.random(len(m.players)) }

// manager is who runs the game.
func (m *machine) manager() int {
	if m.model.owner == noUser {
		return operator
	}
	return m.model.owner
}

// likely is mostly somebody for whom the step makes sense.
func (m *machine) likely(u int, fits func(u int) bool) int {
	for i := range m.players {
		if v := (u + i) % len(m.players); fits(v) && !m.model.gone[v] && m.random(4) > 0 {
			return v
		}
	}
	return u
}

func (m *machine) actor(who int) game.Actor {
	if who == operator {
		return root
	}
	return by(m.players[who])
}

func (m *machine) race(u int) string { return raceOf(m.players[u]) }

func (m *machine) advance(d time.Duration) {
	m.clock.Advance(d)
	m.model.now = m.clock.Now()
}

// try does with the game what has been done with the model; want is whether the
// model took it.
func (m *machine) try(name string, want bool, do func(ctx context.Context) error) {
	before := m.rows()
	err := do(m.Context())
	if want {
		require.NoError(m, err, name)
		return
	}
	require.Error(m, err, name)
	require.Contains(m, []fault.Code{fault.Forbidden, fault.NotFound, fault.Conflict}, fault.From(err).Code,
		"%s: %v", name, err)
	require.Equal(m, before, m.rows(), "%s was refused and changed something", name)
}

const rowsOfGame = `SELECT md5(concat_ws('|', (SELECT g::text FROM games g WHERE game_id = $1),
	(SELECT string_agg(m::text, ';' ORDER BY user_id) FROM memberships m WHERE game_id = $1),
	(SELECT string_agg(a::text, ';' ORDER BY application_id) FROM applications a WHERE game_id = $1),
	(SELECT string_agg(i::text, ';' ORDER BY invite_id) FROM invites i WHERE game_id = $1),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n WHERE game_id = $1)))`

func (m *machine) rows() string {
	sum, err := pg.Get[string](m.Context(), m.db, rowsOfGame, m.id)
	require.NoError(m, err)
	return sum
}

// check compares all that can be seen of the game.
func (m *machine) check() {
	g, want := m.game(m.id), m.model
	require.Equal(m, []any{want.state, want.pause, want.active()}, []any{g.State, g.PauseReason, g.SeatsTaken})
	if want.owner != noUser {
		require.Equal(m, m.players[want.owner], *g.OwnerID)
	}
	m.checkMembers()
	m.checkRequests()
	m.checkIntents()
}

func (m *machine) checkMembers() {
	want, got := []string{}, []string{}
	for _, s := range m.model.members {
		want = append(want, fmt.Sprint(s.user, s.origin, s.status, s.reason, s.founding, s.successor, s.offered))
	}
	members, err := m.cache.Memberships(m.Context(), m.id)
	require.NoError(m, err)
	for _, s := range members {
		origin := slices.IndexFunc(m.players, func(u uuid.UUID) bool { return raceOf(u) == s.RaceName })
		user := slices.Index(m.players, s.UserID)
		got = append(got, fmt.Sprint(user, origin, s.Status, s.Reason, s.Founding, s.Successor, s.OfferedAt != nil))
	}
	require.Equal(m, want, got, "members, first come first")
}

const allRequests = `SELECT 'application ' || user_id || ' ' || state FROM applications WHERE game_id = $1
	UNION ALL (SELECT DISTINCT ON (user_id) 'invite ' || user_id || ' ' || state FROM invites WHERE game_id = $1
		ORDER BY user_id, invite_id DESC)
	UNION ALL SELECT 'name ' || user_id || ' ' || state FROM race_names WHERE game_id = $1`

func (m *machine) checkRequests() {
	want := []string{}
	for u, id := range m.players {
		for _, state := range m.model.applications[u] {
			want = append(want, fmt.Sprint("application ", id, " ", state))
		}
		if state := m.model.inviteState(u); state != "" {
			want = append(want, fmt.Sprint("invite ", id, " ", state))
		}
		s := m.model.member(u)
		if s != nil && s.status == game.Active && !s.successor && !m.model.state.Terminal() {
			want = append(want, fmt.Sprint("name ", id, " reserved"))
		}
	}
	got, err := pg.All[string](m.Context(), m.db, allRequests, m.id)
	require.NoError(m, err)
	require.ElementsMatch(m, want, got)
}

// checkIntents: every step tells of what it did exactly once.
func (m *machine) checkIntents() {
	got, keys := map[notification.Kind]int{}, map[string]bool{}
	for _, in := range m.intents.Intents() {
		key := string(in.Kind()) + in.Key
		require.False(m, keys[key], "told again under the same key: %s", key)
		keys[key] = true
		got[in.Kind()]++
	}
	require.Equal(m, m.model.intents, got, "%v", slices.Collect(maps.Keys(keys)))
}
