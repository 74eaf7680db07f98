package game

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// fresh is Games as another process has them, warmed.
func (f *fixture) fresh(most int) *Games {
	f.Helper()
	g := NewGames(f.db, f.clock, CacheConfig{GamesMax: most})
	require.NoError(f, g.Start(f.Context()))
	return g
}

// roundTrips counts how often fn asks the database.
func (f *fixture) roundTrips(fn func()) int {
	f.Helper()
	before := f.db.Traffic().RoundTrips
	fn()
	return int(f.db.Traffic().RoundTrips - before)
}

func TestWarmedCachesKnowWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, races := f.running(root, f.addUsers(2)...)
	empty := f.draft(root)
	fresh := f.fresh(10)
	require.Zero(t, f.roundTrips(func() {
		cached, err := fresh.Game(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, g, cached)
		members, err := fresh.Memberships(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, races, []string{members[0].RaceName, members[1].RaceName})
		members, err = fresh.Memberships(t.Context(), empty.ID)
		require.NoError(t, err)
		require.Empty(t, members, "that a game has no members is known too")
	}))
}

func TestOnlyLiveGamesAreWarmedAndNoMoreThanFit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	over := f.move(root, f.opened(root).ID, Cancel)
	old, newer, newest := f.draft(root), f.draft(root), f.draft(root)
	fresh := f.fresh(2)
	require.Equal(t, []int{2, 2}, []int{fresh.rows.Len(), fresh.memberships.Len()})
	require.Zero(t, f.roundTrips(func() {
		for _, g := range []Game{newer, newest} {
			_, err := fresh.Game(t.Context(), g.ID)
			require.NoError(t, err)
		}
	}))
	for _, g := range []Game{over, old} {
		read, err := fresh.Game(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, f.game(g.ID), read, "others are read when somebody asks")
	}
}

func TestWhoeverAsksForGamesThatDoNotExistTakesNoRoom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	games := f.fresh(10)
	members, err := games.Memberships(t.Context(), uuid.New())
	require.NoError(t, err)
	require.Empty(t, members)
	_, err = games.Game(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	_, err = games.Membership(t.Context(), uuid.New(), uuid.New())
	require.ErrorIs(t, err, ErrNotMember)
	require.Zero(t, games.memberships.Len()+games.rows.Len())
}

func TestACommandTakesFewRoundTrips(t *testing.T) {
	f := newFixture(t)
	p := f.addUsers(3)
	ctx := t.Context()
	g := f.opened(by(p[0]))
	f.enrollAll(g, p[1:]...)
	draft := f.draft(root)
	for _, c := range []struct {
		name string
		most int // one of each user's command locks the account
		run  func() error
	}{
		{"create private", 3, func() error { _, _, err := f.s.Create(ctx, by(p[0]), newGame(), "key"); return err }},
		{"create public", 1, func() error { _, _, err := f.s.Create(ctx, root, newGame(), "key"); return err }},
		{"open", 2, func() error { _, err := f.s.Move(ctx, root, draft.ID, Open); return err }},
		{"show", 0, func() error { _, err := f.s.Show(ctx, p[0], g.ID); return err }},
		{"members, after a change", 1, func() error { _, err := f.s.Members(ctx, p[0], g.ID); return err }},
		{"games of a user", 1, func() error { _, _, err := f.s.GamesOf(ctx, p[0], uuid.Max, 50); return err }},
		{"list", 1, func() error { _, err := f.s.List(ctx, Filter{Open: true, Before: uuid.Max, Limit: 50}); return err }},
		{"leave", 5, func() error { return f.s.Leave(ctx, p[1], g.ID) }},
	} {
		var err error
		n := f.roundTrips(func() { err = c.run() })
		require.NoError(t, err, c.name)
		require.LessOrEqual(t, n, c.most, c.name)
	}
}
