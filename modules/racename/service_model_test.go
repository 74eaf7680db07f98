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

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

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
var spellings = map[string][]string{
	"zorg": {"Zorg", "Z-org", "zorg"}, "modern": {"modern", "rnodern", "mo.dem"}, "vogon": {"Vogon", "V ogon"},
}

// machine takes every step on the directory and on its model.
type machine struct {
	*fixture
	model
	limit        int
	users, games []uuid.UUID
	keys         []string
}

// held writes the rows down in the way of the model.
func (m *machine) held(t *rapid.T) []string {
	var out []string
	for u, id := range m.users {
		names, err := m.s.Names(context.Background(), id, uuid.Max, 1000)
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
	rows, err := m.s.store.keysToWarm(context.Background(), m.db, 1000)
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
	m.s.keys.Each(func(key string, holder uuid.UUID) bool {
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
		_, err := m.s.Register(context.Background(), m.users[u], spelled(t, key))
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
			require.NoError(t, m.inTx(func(ctx context.Context, tx *pg.Tx) error {
				return m.s.ReleaseReserved(ctx, tx, []uuid.UUID{m.games[g]}, &m.users[u])
			}))
			m.drop(func(n entry) bool { return n.user == u && n.game == g })
		},
		"cancel": func(t *rapid.T) {
			if kept(t) {
				return
			}
			g := where.Draw(t, "game")
			require.NoError(t, m.inTx(func(ctx context.Context, tx *pg.Tx) error {
				return m.s.ReleaseReserved(ctx, tx, []uuid.UUID{m.games[g]}, nil)
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
			require.NoError(t, m.inTx(func(ctx context.Context, tx *pg.Tx) error {
				return m.s.Promote(ctx, tx, m.games[g], good, now)
			}))
			m.finish(g, eligible, now.Add(ttl))
		},
		"time": func(t *rapid.T) {
			i := slices.IndexFunc(m.names, func(n entry) bool { return n.state == Pending && n.expires.After(m.clock.Now()) })
			if i >= 0 && rapid.Bool().Draw(t, "to the instant") {
				m.clock.Set(m.names[i].expires)
				register(t)
				return
			}
			m.clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(t, "days")) * 24 * time.Hour)
		},
		"sweep": func(t *rapid.T) {
			now := m.clock.Now()
			due, err := m.s.expired(context.Background(), now, 100)
			require.NoError(t, err)
			for _, id := range due {
				require.NoError(t, m.s.expire(context.Background(), id, now))
			}
			m.drop(func(n entry) bool { return n.state == Pending && !n.expires.After(now) })
		},
		"depart": func(t *rapid.T) {
			if kept(t) {
				return
			}
			u, why := who.Draw(t, "user"), rapid.SampledFrom([]user.Reason{user.Deleted, user.Blocked}).Draw(t, "why")
			require.NoError(t, m.inTx(func(ctx context.Context, tx *pg.Tx) error {
				return newUserHooks(m.s).Depart(ctx, tx, m.users[u], why)
			}))
			m.drop(func(n entry) bool { return n.user == u && (n.state != Registered || why == user.Deleted) })
		},
	}
}

// TestTheDirectoryFollowsItsRules drives directory and model with the same steps
// and compares them after each.
func TestTheDirectoryFollowsItsRules(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		require.NoError(t, flag.Set("rapid.checks", "40")) // each is fifty steps and more on a real database
	}
	f := newFixture(t)
	users, games := f.addUsers(3), []uuid.UUID{f.addGame(), f.addGame(), f.addGame()}
	rapid.Check(t, func(t *rapid.T) {
		f.exec(`DELETE FROM race_names`)
		f.exec(`DELETE FROM race_name_keys`)
		f.s = NewService(f.db, f.clock, f.s.cfg, CacheConfig{RaceNameKeysMax: 1000}, f.users, f.intents)
		m := &machine{fixture: f, users: users, games: games, keys: slices.Sorted(maps.Keys(spellings)),
			limit: rapid.IntRange(1, 2).Draw(t, "limit")}
		for _, u := range users {
			f.users.SetLimit(u, user.RegisteredRaceNames, m.limit, nil)
		}
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
