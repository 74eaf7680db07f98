package racename

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const ttl = 30 * 24 * time.Hour

// registry is a directory on a real database, with stand-ins for its neighbours.
type registry struct {
	*Service
	db    *pg.DB
	clock *clock.Fake
	limit int
}

func open(t *testing.T) *registry {
	t.Helper()
	r := &registry{db: testkit.DB(t), clock: clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), limit: 2}
	r.Service = NewService(r.db, r.clock, Config{PendingRegistrationTTL: ttl}, CacheConfig{RaceNameKeysMax: 1000}, r, &notificationtest.Recorder{})
	return r
}

func (r *registry) Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error) {
	_, err := pg.Get[uuid.UUID](ctx, tx, `SELECT user_id FROM accounts WHERE user_id = $1 FOR UPDATE`, id)
	return user.Snapshot{UserID: id, Limits: user.Limits{RegisteredRaceNames: r.limit}}, err
}

func (r *registry) exec(t require.TestingT, statements ...string) {
	require.NoError(t, r.db.InTx(context.Background(), func(_ context.Context, tx *pg.Tx) error {
		for _, s := range statements {
			tx.Queue(s)
		}
		return nil
	}))
}

// person and game are rows that names can refer to.
func (r *registry) person(t require.TestingT) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	name := "player-" + id.String()[28:]
	r.exec(t, fmt.Sprintf(`INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
		VALUES ('%s', '%[2]s', '%[2]s', '%[2]s', '', 'en', 'UTC', '', now(), now())`, id, name))
	return id
}

func (r *registry) game(t require.TestingT) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	r.exec(t, fmt.Sprintf(`INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players, max_players, join_policy, start_when_full,
		engine_version, turns, map, created_at, updated_at) VALUES ('%s', 'root', 'public', '', '', 'running', 1, 9, 'auto', false, '', '{}', '{}', now(), now())`, id))
	return id
}

func (r *registry) in(fn func(ctx context.Context, tx *pg.Tx) error) error {
	return r.db.InTx(context.Background(), fn)
}

func (r *registry) claim(user, game uuid.UUID, text string) error {
	name, err := Parse(text)
	if err != nil {
		return err
	}
	return r.in(func(ctx context.Context, tx *pg.Tx) error { return r.Claim(ctx, tx, name, user, game) })
}

// entry is a name as the rules have it.
type entry struct {
	user, game int // game is -1 unless reserved
	key        string
	state      string
	expires    time.Time
}

// model is the directory of a few users and names, so that they meet.
type model struct{ names []entry }

func (m *model) holder(key string) int {
	for _, n := range m.names {
		if n.key == key {
			return n.user
		}
	}
	return -1
}

func (m *model) find(user int, key string, states ...string) *entry {
	for i, n := range m.names {
		if n.user == user && n.key == key && slices.Contains(states, n.state) {
			return &m.names[i]
		}
	}
	return nil
}

func (m *model) drop(gone func(entry) bool) { m.names = slices.DeleteFunc(m.names, gone) }

func (m *model) registered(user int) (n int) {
	for _, x := range m.names {
		if x.user == user && x.state == Registered {
			n++
		}
	}
	return n
}

// finish applies what the end of a game does to its names.
func (m *model) finish(game int, eligible map[int]bool, expires time.Time) {
	for i := range m.names {
		n := &m.names[i]
		if n.state != Reserved || n.game != game || !eligible[n.user] {
			continue
		}
		if p := m.find(n.user, n.key, Pending); p != nil {
			p.expires = later(p.expires, expires)
		} else if m.find(n.user, n.key, Registered) == nil {
			n.state, n.game, n.expires = Pending, -1, expires
		}
	}
	m.drop(func(n entry) bool { return n.game == game })
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// spellings are names that count as one, by their key in the model. All of a key
// have the same canonical keys, so that any spelling finds any other.
var spellings = map[string][]string{"zorg": {"Zorg", "Z-org", "zorg"}, "modern": {"modern", "rnodern", "mo.dem"}, "vogon": {"Vogon", "V ogon"}}

type machine struct {
	*registry
	model
	users, games []uuid.UUID
	keys         []string
}

// held writes the rows down in the way of the model.
func (m *machine) held(t *rapid.T) []string {
	var out []string
	for u, id := range m.users {
		names, err := m.Names(context.Background(), id, uuid.Max, 1000)
		require.NoError(t, err)
		for _, n := range names {
			parsed, err := Parse(n.Display)
			require.NoError(t, err)
			game := -1
			if n.GameID != nil {
				game = slices.Index(m.games, *n.GameID)
			}
			var expires time.Time
			if n.ExpiresAt != nil {
				expires = *n.ExpiresAt
			}
			out = append(out, fmt.Sprint(u, game, parsed.Second, n.State, expires))
		}
	}
	slices.Sort(out)
	return out
}

func (m *machine) check(t *rapid.T) {
	want := []string{}
	for _, n := range m.names {
		parsed, err := Parse(spellings[n.key][0])
		require.NoError(t, err)
		want = append(want, fmt.Sprint(n.user, n.game, parsed.Second, n.state, n.expires))
	}
	slices.Sort(want)
	require.ElementsMatch(t, want, m.held(t))
	rows, err := m.store.someKeys(context.Background(), m.db, 1000)
	require.NoError(t, err)
	holders := map[string]uuid.UUID{}
	for _, r := range rows {
		holders[r.Key] = r.Holder
	}
	wanted := map[string]uuid.UUID{}
	for _, n := range m.names {
		parsed, err := Parse(spellings[n.key][0])
		require.NoError(t, err)
		for _, k := range parsed.Keys() {
			wanted[k] = m.users[n.user]
		}
	}
	require.Equal(t, wanted, holders, "a key goes with its last name")
	m.Service.keys.Each(func(key string, holder uuid.UUID) bool {
		require.Equal(t, holders[key], holder, "the cache is wrong about %q", key)
		return true
	})
}

func (m *machine) actions() map[string]func(*rapid.T) {
	who, where, what := rapid.IntRange(0, len(m.users)-1), rapid.IntRange(0, len(m.games)-1), rapid.SampledFrom(m.keys)
	spelled := func(t *rapid.T, key string) string { return rapid.SampledFrom(spellings[key]).Draw(t, "spelling") }
	claim := func(t *rapid.T) {
		u, g, key := who.Draw(t, "user"), where.Draw(t, "game"), what.Draw(t, "key")
		if slices.ContainsFunc(m.names, func(n entry) bool { return n.game == g && n.user == u }) {
			return // one race per user and game
		}
		err := m.claim(m.users[u], m.games[g], spelled(t, key))
		if h := m.holder(key); h >= 0 && h != u {
			require.ErrorIs(t, err, ErrTaken)
			return
		}
		require.NoError(t, err)
		m.names = append(m.names, entry{user: u, game: g, key: key, state: Reserved})
	}
	register := func(t *rapid.T) {
		u, key := who.Draw(t, "user"), what.Draw(t, "key")
		_, err := m.Register(context.Background(), m.users[u], spelled(t, key))
		waiting := m.find(u, key, Pending)
		switch {
		case m.find(u, key, Registered) != nil:
			require.NoError(t, err)
		case waiting == nil:
			require.ErrorIs(t, err, ErrNotFound)
		case !waiting.expires.After(m.clock.Now()):
			require.ErrorIs(t, err, ErrExpired)
		case m.registered(u) >= m.limit:
			require.ErrorIs(t, err, ErrLimit)
		default:
			require.NoError(t, err)
			waiting.state, waiting.expires = Registered, time.Time{}
		}
	}
	// kept spares most of what there is: names have to live to be registered.
	kept := func(t *rapid.T) bool { return rapid.IntRange(0, 3).Draw(t, "kept") < 3 }
	return map[string]func(*rapid.T){
		"claim": claim, "claim more": claim, "register": register, "register more": register,
		"leave": func(t *rapid.T) {
			if kept(t) {
				return
			}
			u, g := who.Draw(t, "user"), where.Draw(t, "game")
			require.NoError(t, m.in(func(ctx context.Context, tx *pg.Tx) error {
				return m.ReleaseReserved(ctx, tx, []uuid.UUID{m.games[g]}, &m.users[u])
			}))
			m.drop(func(n entry) bool { return n.user == u && n.game == g })
		},
		"cancel": func(t *rapid.T) {
			if kept(t) {
				return
			}
			g := where.Draw(t, "game")
			require.NoError(t, m.in(func(ctx context.Context, tx *pg.Tx) error {
				return m.ReleaseReserved(ctx, tx, []uuid.UUID{m.games[g]}, nil)
			}))
			m.drop(func(n entry) bool { return n.game == g })
		},
		"finish": func(t *rapid.T) {
			g, eligible, good := where.Draw(t, "game"), map[int]bool{}, []uuid.UUID{}
			for u := range m.users {
				if rapid.Bool().Draw(t, "eligible") {
					eligible[u], good = true, append(good, m.users[u])
				}
			}
			now := m.clock.Now()
			require.NoError(t, m.in(func(ctx context.Context, tx *pg.Tx) error { return m.Promote(ctx, tx, m.games[g], good, now) }))
			m.finish(g, eligible, now.Add(ttl))
		},
		"time": func(t *rapid.T) {
			if i := slices.IndexFunc(m.names, func(n entry) bool { return n.state == Pending && n.expires.After(m.clock.Now()) }); i >= 0 && rapid.Bool().Draw(t, "to the instant") {
				m.clock.Set(m.names[i].expires)
				register(t)
				return
			}
			m.clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(t, "days")) * 24 * time.Hour)
		},
		"sweep": func(t *rapid.T) {
			now := m.clock.Now()
			due, err := m.expired(context.Background(), now, 100)
			require.NoError(t, err)
			for _, id := range due {
				require.NoError(t, m.expire(context.Background(), id, now))
			}
			m.drop(func(n entry) bool { return n.state == Pending && !n.expires.After(now) })
		},
		"forget": func(t *rapid.T) {
			if kept(t) {
				return
			}
			u, keep := who.Draw(t, "user"), rapid.Bool().Draw(t, "keep registered")
			require.NoError(t, m.in(func(ctx context.Context, tx *pg.Tx) error { return m.releaseAll(ctx, tx, m.users[u], keep) }))
			m.drop(func(n entry) bool { return n.user == u && (n.state != Registered || !keep) })
		},
	}
}

// TestTheDirectoryFollowsItsRules drives directory and model with the same steps
// and compares them after each.
func TestTheDirectoryFollowsItsRules(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		require.NoError(t, flag.Set("rapid.checks", "40")) // each is fifty steps and more on a real database
	}
	r := open(t)
	users, games := []uuid.UUID{r.person(t), r.person(t), r.person(t)}, []uuid.UUID{r.game(t), r.game(t), r.game(t)}
	rapid.Check(t, func(t *rapid.T) {
		r.exec(t, `DELETE FROM race_names`, `DELETE FROM race_name_keys`)
		r.Service = NewService(r.db, r.clock, Config{PendingRegistrationTTL: ttl}, CacheConfig{RaceNameKeysMax: 1000}, r, &notificationtest.Recorder{})
		r.limit = rapid.IntRange(1, 2).Draw(t, "limit")
		m := &machine{registry: r, users: users, games: games, keys: slices.Sorted(maps.Keys(spellings))}
		actions := m.actions()
		names := slices.Sorted(maps.Keys(actions))
		for range 5 { // every step as often as any other: what is drawn one by one prefers the first
			for _, name := range rapid.Permutation(names).Draw(t, "steps") {
				actions[name](t)
				m.check(t)
			}
		}
	})
}

func TestOfManyClaimsOneWins(t *testing.T) {
	t.Parallel()
	r := open(t)
	g := r.game(t)
	var users []uuid.UUID
	for range 32 {
		users = append(users, r.person(t))
	}
	start, results := make(chan struct{}), make(chan error, len(users))
	for i, u := range users {
		go func() {
			<-start
			results <- r.claim(u, g, []string{"Modern", "modem", "MODERN", "Mo dern", "Rnodern"}[i%5])
		}()
	}
	close(start)
	won := 0
	for range users {
		if err := <-results; err == nil {
			won++
		} else {
			require.ErrorIs(t, err, ErrTaken)
		}
	}
	require.Equal(t, 1, won)
}
