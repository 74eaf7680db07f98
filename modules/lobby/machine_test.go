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
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// machine drives one game and its model with the same steps.
type machine struct {
	*lounge
	*model
	id    uuid.UUID
	users []uuid.UUID
	dice  *rand.Rand
	taken []string // for whoever looks for a fault
}

var lives = flag.Uint64("lobby.lives", 60, "how many lives of a game are compared with the model")

// TestTheLobbyFollowsItsRules compares a game with its model after each of many
// steps. What the model refuses has to be refused, and to change nothing. A life
// is its seed: the dice are fair, which generators that prefer small numbers are
// not, and most of the rules lie deep.
func TestTheLobbyFollowsItsRules(t *testing.T) {
	t.Parallel()
	l := open(t)
	for seed := range *lives {
		m := &machine{lounge: l, users: l.persons(5), dice: rand.New(rand.NewPCG(seed, 1))}
		l.log.Reset()
		m.run(seed)
	}
}

func (m *machine) run(seed uint64) {
	defer func() {
		if m.Failed() {
			m.Logf("seed %d: %s", seed, strings.Join(m.taken, ", "))
		}
	}()
	policy := []string{game.PolicyInvite, game.PolicyApplication, game.PolicyApplication, game.PolicyAuto}[m.evenly(4)]
	owner, by := 0, by(m.users[0])
	if policy == game.PolicyAuto || policy == game.PolicyApplication && m.evenly(2) == 0 {
		owner, by = nobody, root
	}
	g := m.draft(by, func(n *game.NewGame) { n.MaxPlayers, n.JoinPolicy = 3, policy })
	m.id, m.model = g.ID, newModel(owner, g.JoinPolicy, m.clock.Now())
	m.prologue()
	actions := m.actions()
	names := slices.Sorted(maps.Keys(actions))
	for over := 0; over < 8 && len(m.taken) < 60; { // a few steps more once nothing can happen
		if m.state.Terminal() {
			over++
		}
		name := names[m.evenly(len(names))]
		m.taken = append(m.taken, name)
		actions[name]()
		m.check()
	}
}

// boss is who runs the game.
func (m *machine) boss() int {
	if m.owner == nobody {
		return chief
	}
	return m.owner
}

func (m *machine) evenly(n int) int { return m.dice.IntN(n) }

// prologue brings the game somewhere on its way.
func (m *machine) prologue() {
	who := m.boss()
	stage := m.evenly(6)
	move := func(verb game.Verb) {
		m.step(string(verb), m.move(verb, who), func(ctx context.Context) error { _, err := m.Move(ctx, m.actor(who), m.id, verb); return err })
	}
	if stage > 0 {
		move(game.Open)
	}
	if stage > 1 {
		for u := 1; u < 1+m.min+m.evenly(2); u++ {
			m.tick(time.Second)
			m.enter(who, u)
		}
	}
	if stage > 2 {
		move(game.Close)
	}
	if stage > 3 {
		move(game.Start)
	}
	if stage > 4 {
		m.engine(runtime.Running)
	}
	m.check()
}

// enter seats a user in the way of the game.
func (m *machine) enter(who, u int) {
	if m.policy == game.PolicyInvite {
		m.asks(who, u)
		m.redeems(u)
		return
	}
	m.applies(u)
	if m.policy == game.PolicyApplication {
		m.approves(who, u)
	}
}

func (m *machine) actor(who int) game.Actor {
	if who == chief {
		return root
	}
	return game.Actor{User: m.users[who]}
}

// step takes one on both sides. want is what the model says, which has changed
// itself already if it said yes.
func (m *machine) step(name string, want bool, do func(ctx context.Context) error) {
	before := m.rows()
	err := do(context.Background())
	if want {
		require.NoError(m, err, name)
		return
	}
	require.Error(m, err, name)
	require.Contains(m, []fault.Code{fault.Forbidden, fault.NotFound, fault.Conflict}, fault.From(err).Code, "%s: %v", name, err)
	require.Equal(m, before, m.rows(), "%s was refused and changed something", name)
}

const rowsOfGame = `SELECT md5(concat_ws('|', (SELECT g::text FROM games g WHERE game_id = $1),
	(SELECT string_agg(m::text, ';' ORDER BY user_id) FROM memberships m WHERE game_id = $1),
	(SELECT string_agg(a::text, ';' ORDER BY application_id) FROM applications a WHERE game_id = $1),
	(SELECT string_agg(i::text, ';' ORDER BY invite_id) FROM invites i WHERE game_id = $1),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n WHERE game_id = $1)))`

func (m *machine) rows() string {
	sum, err := pg.Get[string](context.Background(), m.db, rowsOfGame, m.id)
	require.NoError(m, err)
	return sum
}

// last is the newest application or invite of a user, or one that does not exist.
func (m *machine) last(query string, u int) uuid.UUID {
	ids, err := pg.All[uuid.UUID](context.Background(), m.db, query, m.id, m.users[u])
	require.NoError(m, err)
	if len(ids) == 0 {
		return uuid.New()
	}
	return ids[0]
}

const (
	lastApplication = `SELECT application_id FROM applications WHERE game_id = $1 AND user_id = $2 ORDER BY application_id DESC LIMIT 1`
	lastInvite      = `SELECT invite_id FROM invites WHERE game_id = $1 AND user_id = $2 ORDER BY invite_id DESC LIMIT 1`
)

func (m *machine) race(u int) string { return raceOf(m.users[u]) }

// forward is how a game goes on when nothing is in its way.
var forward = map[game.State]game.Verb{game.Draft: game.Open, game.EnrollmentOpen: game.Close, game.ReadyToStart: game.Start, game.StartFailed: game.Retry, game.Running: game.Pause, game.Paused: game.Resume}

// likely is mostly somebody of whom the step is not out of place.
func (m *machine) likely(u int, fits func(u int) bool) int {
	for i := range m.users {
		if v := (u + i) % len(m.users); fits(v) && !m.gone[v] && m.evenly(4) > 0 {
			return v
		}
	}
	return u
}

func (m *machine) invited(u int) bool { return m.invite(u) == pending }
func (m *machine) applied(u int) bool { return m.application(u) == pending }
func (m *machine) banned(u int) bool  { return m.seat(u) != nil && m.seat(u).status == game.Blocked }
func (m *machine) offered(u int) bool { return m.holder(u) != nil && m.holder(u).offered }
func (m *machine) free(u int) bool    { return m.holder(u) != nil && m.holder(u).free() }

func (m *machine) applies(u int) {
	m.step("apply", m.model.apply(u), func(ctx context.Context) error {
		_, _, err := m.Apply(ctx, Application{GameID: m.id, UserID: m.users[u], RaceName: m.race(u)}, "")
		return err
	})
}

func (m *machine) approves(who, u int) {
	id := m.last(lastApplication, u)
	m.step("approve", m.approve(who, u), func(ctx context.Context) error { _, err := m.Approve(ctx, m.actor(who), id); return err })
}

func (m *machine) asks(who, u int) {
	m.step("invite", m.ask(who, u), func(ctx context.Context) error {
		_, _, err := m.Invite(ctx, m.users[who], Invitation{Game: m.id, UserID: m.users[u]}, "")
		return err
	})
}

func (m *machine) redeems(u int) {
	id := m.last(lastInvite, u)
	m.step("redeem", m.redeem(u), func(ctx context.Context) error { _, _, err := m.Redeem(ctx, m.users[u], id, m.race(u)); return err })
}

func (m *machine) actions() map[string]func() {
	anybody := func() int { return m.evenly(len(m.users)) }
	verbs := []game.Verb{game.Open, game.Open, game.Close, game.Start, game.Start, game.Retry, game.Pause, game.Resume, game.Resume, game.Cancel, game.ForceStart, game.ForceStop}
	// as is a step that a user takes who can still pass the edge.
	as := func(fn func(u int)) func() {
		return func() {
			m.tick(time.Second)
			if u := anybody(); !m.gone[u] {
				fn(u)
			}
		}
	}
	// over is a step that somebody, mostly the one in charge, takes over a user.
	over := func(fn func(who, u int)) func() {
		return func() {
			m.tick(time.Second)
			boss := m.boss()
			who := []int{boss, boss, boss, chief, anybody()}[m.evenly(5)]
			if !m.gone[who] {
				fn(who, anybody())
			}
		}
	}
	apply := as(func(u int) { m.applies(u) })
	invite := over(func(who, u int) {
		if who != chief {
			m.asks(who, u)
		}
	})
	redeem := as(func(u int) { m.redeems(m.likely(u, m.invited)) })
	move := over(func(who, _ int) {
		verb := verbs[m.evenly(len(verbs))]
		if next, ok := forward[m.state]; ok && m.evenly(3) > 0 {
			verb = next
		}
		if (verb == game.Cancel || verb == game.ForceStop) && m.evenly(2) > 0 {
			return // or most games would be over soon
		}
		m.step(string(verb), m.move(verb, who), func(ctx context.Context) error { _, err := m.Move(ctx, m.actor(who), m.id, verb); return err })
	})
	return map[string]func(){
		"apply": apply, "apply more": apply, "invite": invite, "invite more": invite, "invite most": invite, "redeem": redeem, "redeem more": redeem,
		"move": move, "move more": move, "move most": move,
		"invite too late": over(func(who, u int) {
			if u = m.likely(u, m.invited); who != chief && m.evenly(3) == 0 {
				m.tick(169 * time.Hour)
				m.asks(who, u)
			}
		}),
		"give up": over(func(who, u int) {
			if m.evenly(3) == 0 && (m.invited(m.likely(u, m.invited)) || m.applied(m.likely(u, m.applied))) {
				m.step("cancel", m.move(game.Cancel, who), func(ctx context.Context) error { _, err := m.Move(ctx, m.actor(who), m.id, game.Cancel); return err })
			}
		}),
		"approve": over(func(who, u int) { m.approves(who, m.likely(u, m.applied)) }),
		"reject": over(func(who, u int) {
			u = m.likely(u, m.applied)
			id := m.last(lastApplication, u)
			m.step("reject", m.reject(who, u), func(ctx context.Context) error { _, err := m.Reject(ctx, m.actor(who), id, "no"); return err })
		}),
		"withdraw": as(func(u int) {
			u = m.likely(u, m.applied)
			id := m.last(lastApplication, u)
			m.step("withdraw", m.withdraw(u), func(ctx context.Context) error { _, err := m.Withdraw(ctx, m.users[u], id); return err })
		}),
		"decline": as(func(u int) {
			u = m.likely(u, m.invited)
			id := m.last(lastInvite, u)
			m.step("decline", m.answer(u, declined), func(ctx context.Context) error { _, err := m.Decline(ctx, m.users[u], id, ""); return err })
		}),
		"revoke": over(func(who, u int) {
			u = m.likely(u, m.invited)
			id := m.last(lastInvite, u)
			m.step("revoke", who == m.owner && m.answer(u, revoked), func(ctx context.Context) error { _, err := m.Revoke(ctx, m.actor(who), id); return err })
		}),
		"join": as(func(u int) {
			m.step("join", m.model.join(u), func(ctx context.Context) error { _, _, err := m.Join(ctx, m.users[u], m.id, m.race(u)); return err })
		}),
		"leave": as(func(u int) {
			m.step("leave", m.leave(u), func(ctx context.Context) error { return m.Leave(ctx, m.users[u], m.id) })
		}),
		"remove": over(func(who, u int) {
			m.step("remove", m.end(who, u, game.Removed), func(ctx context.Context) error { _, err := m.Remove(ctx, m.actor(who), m.id, m.users[u]); return err })
		}),
		"block": over(func(who, u int) {
			m.step("block", m.end(who, u, game.Blocked), func(ctx context.Context) error { _, err := m.Block(ctx, m.actor(who), m.id, m.users[u]); return err })
		}),
		"unban": over(func(_, u int) {
			u = m.likely(u, m.banned)
			m.step("unban", m.unban(u), func(ctx context.Context) error { return m.Unban(ctx, root, m.id, m.users[u]) })
		}),
		"offer": over(func(who, u int) {
			u = m.likely(u, m.free)
			m.step("offer", m.offer(who, u), func(ctx context.Context) error { _, err := m.Offer(ctx, m.actor(who), m.id, m.race(u)); return err })
		}),
		"take": as(func(u int) {
			origin := m.likely(anybody(), m.offered)
			m.step("take", m.take(u, origin), func(ctx context.Context) error {
				_, _, err := m.Take(ctx, m.users[u], m.id, m.race(origin))
				return err
			})
		}),
		"engine": func() {
			m.engine([]runtime.Observed{runtime.Running, runtime.Running, runtime.StartFailed, runtime.Crashed}[m.evenly(4)])
		},
		"finish": func() {
			if m.evenly(4) > 0 {
				return
			}
			want := m.state == game.Running || m.state == game.Paused
			if want {
				m.state, m.pause = game.Finished, ""
			}
			m.step("finish", want, func(context.Context) error {
				return m.record(game.TurnRecord{GameID: m.id, Turn: 1, At: m.now, Finished: true})
			})
		},
		"time":  func() { m.tick(time.Duration(m.evenly(200)) * time.Hour) },
		"sweep": func() { m.swept() },
		"depart": as(func(u int) {
			if m.evenly(6) > 0 {
				return
			}
			m.people.set(m.users[u], func(s *user.Snapshot) { s.Deleted = true })
			m.model.depart(u)
			m.lounge.depart(m.users[u], user.Deleted)
		}),
	}
}

func (m *machine) tick(d time.Duration) {
	m.clock.Advance(d)
	m.now = m.clock.Now()
}

func (m *machine) engine(seen runtime.Observed) {
	switch {
	case m.state == game.Starting && seen == runtime.Running:
		m.state = game.Running
	case m.state == game.Starting:
		m.state = game.StartFailed
	case m.state == game.Running && seen != runtime.Running:
		m.pauses(game.EngineCrashed)
	}
	m.observe(m.id, seen, func(c *runtime.Change) { c.Status = statusOf(0) })
}

func (m *machine) swept() {
	for u := range m.invites {
		if m.invite(u) == pending && !m.live(u) {
			m.invites[u].state = expired
		}
	}
	_, err := m.sweepers.runOnce(context.Background())
	require.NoError(m, err)
}

// check compares all that can be seen of the game.
func (m *machine) check() {
	ctx := context.Background()
	g, err := m.row(ctx, m.id)
	require.NoError(m, err)
	kept, err := m.lounge.rows.Game(ctx, m.id)
	require.NoError(m, err)
	require.Equal(m, g, kept, "the cache differs from the row")
	require.Equal(m, []any{m.state, m.pause, m.active()}, []any{g.State, g.PauseReason, g.SeatsTaken})
	if m.owner != nobody {
		require.Equal(m, m.users[m.owner], *g.OwnerID)
	}
	want, got := []string{}, []string{}
	for _, s := range m.seats {
		want = append(want, fmt.Sprint(s.user, s.origin, s.status, s.reason, s.founding, s.taken, s.offered))
	}
	seats, err := m.Seats(ctx, m.id)
	require.NoError(m, err)
	for _, s := range seats {
		origin := slices.IndexFunc(m.users, func(u uuid.UUID) bool { return raceOf(u) == s.RaceName })
		got = append(got, fmt.Sprint(slices.Index(m.users, s.UserID), origin, s.Status, s.Reason, s.Founding, s.Successor, s.OfferedAt != nil))
	}
	require.Equal(m, want, got, "seats, first come first")
	m.checkRequests()
	m.checkTold()
}

const allRequests = `SELECT 'application ' || user_id || ' ' || state FROM applications WHERE game_id = $1
	UNION ALL (SELECT DISTINCT ON (user_id) 'invite ' || user_id || ' ' || state FROM invites WHERE game_id = $1 ORDER BY user_id, invite_id DESC)
	UNION ALL SELECT 'name ' || user_id || ' ' || state FROM race_names WHERE game_id = $1`

func (m *machine) checkRequests() {
	want := []string{}
	for u, id := range m.users {
		for _, state := range m.applications[u] {
			want = append(want, fmt.Sprint("application ", id, " ", state))
		}
		if m.invite(u) != "" {
			want = append(want, fmt.Sprint("invite ", id, " ", m.invite(u)))
		}
		if s := m.seat(u); s != nil && s.status == game.Active && !s.taken && !m.state.Terminal() {
			want = append(want, fmt.Sprint("name ", id, " reserved"))
		}
	}
	got, err := pg.All[string](context.Background(), m.db, allRequests, m.id)
	require.NoError(m, err)
	require.ElementsMatch(m, want, got)
}

// checkTold: every step tells of what it did exactly once.
func (m *machine) checkTold() {
	told, keys := map[notification.Kind]int{}, map[string]bool{}
	for _, in := range m.log.Intents() {
		kind := in.Payload.Kind()
		key := string(kind) + in.Key
		require.False(m, keys[key], "told again under the same key: %s", key)
		keys[key] = true
		told[kind]++
	}
	require.Equal(m, m.told, told, "%v", slices.Collect(maps.Keys(keys)))
}
