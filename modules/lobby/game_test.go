package lobby

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/testkit"
)

func TestWhoWasInvitedOrAppliedMaySeeAPrivateGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, invited, applied, stranger := p[0], p[1], p[2], p[3]
	private, settled := f.opened(by(ada)), f.opened(by(ada), byApplying)
	_, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: private.ID, UserID: invited}, "")
	require.NoError(t, err)
	_, err = f.apply(settled, applied, "Zorg")
	require.NoError(t, err)
	f.move(by(ada), settled.ID, game.Cancel)
	for name, c := range map[string]struct {
		game game.Game
		who  uuid.UUID
		seen bool
	}{
		"invited": {private, invited, true}, "stranger": {private, stranger, false},
		"applied once": {settled, applied, true}, "link of a closed game": {settled, stranger, false},
	} {
		_, err := f.games.Show(t.Context(), c.who, c.game.ID)
		require.Equal(t, c.seen, err == nil, "%s: %v", name, err)
	}
}

func (f *fixture) listedGames(viewer uuid.UUID, in game.Filter) []string {
	f.Helper()
	in.Before, in.Limit = uuid.Max, 50
	games, err := f.games.List(f.Context(), in)
	if viewer != uuid.Nil {
		games, err = f.s.List(f.Context(), viewer, in)
	}
	require.NoError(f, err)
	out := []string{}
	for _, g := range games {
		out = append(out, g.Name)
	}
	return out
}

func TestGamesAreFilteredWithoutPatterns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	called := func(name string) func(*game.NewGame) { return func(n *game.NewGame) { n.Name, n.MaxPlayers = name, 2 } }
	f.opened(root, called("50% off_\\war"))
	full := f.opened(root, called("Full house"))
	f.enrollAll(full, ada, bob)
	f.opened(by(ada), called("Ada's"))
	f.draft(root, called("Not yet"))
	require.Equal(t, []string{"Full house", "50% off_\\war"}, f.listedGames(bob, game.Filter{}))
	require.Equal(t, []string{"Ada's", "Full house", "50% off_\\war"}, f.listedGames(ada, game.Filter{}))
	require.Equal(t, []string{"Ada's"}, f.listedGames(ada, game.Filter{Visibility: game.Private}))
	require.Equal(t, []string{"Full house", "50% off_\\war"}, f.listedGames(ada, game.Filter{Visibility: game.Public}))
	require.Equal(t, []string{"Ada's", "50% off_\\war"}, f.listedGames(ada, game.Filter{Open: true}))
	require.Equal(t, []string{"Full house"}, f.listedGames(ada, game.Filter{Query: "full HOUSE"}))
	for query, want := range map[string]int{"%": 1, "_": 1, "\\": 1, "50% off_\\w": 1, "'; DROP TABLE games; --": 0, "5_%": 0} {
		require.Len(t, f.listedGames(bob, game.Filter{Query: query}), want, query)
	}
	require.Equal(t, []string{"Not yet"}, f.listedGames(uuid.Nil, game.Filter{Status: game.Draft}))
	require.Len(t, f.listedGames(uuid.Nil, game.Filter{}), 4)
	require.Equal(t, []string{"Ada's"}, f.listedGames(uuid.Nil, game.Filter{Visibility: game.Private}))
	require.Equal(t, []string{"Ada's"}, f.listedGames(uuid.Nil, game.Filter{Visibility: game.Private, Status: game.EnrollmentOpen}))
}

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	for i := range 7 {
		f.opened(root, func(n *game.NewGame) { n.Name = fmt.Sprint("public ", i) })
		f.opened(by(ada), func(n *game.NewGame) { n.Name = fmt.Sprint("private ", i) })
	}
	type page struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	seen, path := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		p := testkit.Into[page](f.api.User(ada).Get("/api/v1/user/lobby/games?limit=4" + path).Want(200))
		for _, g := range p.Items {
			require.False(t, seen[g.Name])
			seen[g.Name] = true
		}
		if p.Next == nil {
			require.Equal(t, 3, pages)
			break
		}
		path = "&cursor=" + *p.Next
	}
	require.Len(t, seen, 14)
	f.api.User(ada).Get("/api/v1/user/lobby/my/games?cursor="+path[len("&cursor="):]).Refused(400, "invalid_request")
}
