package lobby

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/testkit"
)

// listedGames are the names of the games that a user sees, newest first.
func (f *fixture) listedGames(viewer uuid.UUID, in game.Filter) []string {
	f.Helper()
	in.Before, in.Limit = uuid.Max, 50
	games, err := f.s.List(f.Context(), viewer, in)
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
	for query, want := range map[string]int{
		"%": 1, "_": 1, "\\": 1, "50% off_\\w": 1, "'; DROP TABLE games; --": 0, "5_%": 0,
	} {
		require.Len(t, f.listedGames(bob, game.Filter{Query: query}), want, query)
	}
}

func TestAGameInAnotherStateIsNotOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.opened(root)
	require.Len(t, f.listedGames(f.addUser(), game.Filter{Open: true, Status: game.EnrollmentOpen}), 1)
	require.Empty(t, f.listedGames(f.addUser(), game.Filter{Open: true, Status: game.Running}))
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
