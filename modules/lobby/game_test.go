package lobby

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
)

func TestAUsersGameIsPrivateAndAnOperatorsPublic(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	mine, theirs := l.draft(by(ada)), l.draft(root)
	require.Equal(t, []any{game.Private, game.PolicyInvite, true}, []any{mine.Visibility, mine.JoinPolicy, mine.OwnedBy(ada)})
	require.Equal(t, []any{game.Public, game.PolicyAuto, (*uuid.UUID)(nil)}, []any{theirs.Visibility, theirs.JoinPolicy, theirs.OwnerID})
	require.Equal(t, "0.1.0", mine.EngineVersion)
	require.Equal(t, mine, l.game(mine.ID))
	require.Len(t, l.log.audit, 1)
	require.Equal(t, "game.create", l.log.audit[0].Action)
}

func TestAPlanLimitsOwnedGames(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	l.people.set(ada, func(s *user.Snapshot) { s.Limits.OwnedPrivateGames = 1 })
	g := l.draft(by(ada))
	_, _, err := l.Create(t.Context(), by(ada), wish(), "")
	refused(t, err, game.ErrOwnedLimit)
	l.step(by(ada), g.ID, game.Cancel)
	l.draft(by(ada)) // a game that is over does not count
}

func TestASanctionKeepsFromCreating(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	l.people.set(ada, func(s *user.Snapshot) { s.Sanctions = []user.ActiveSanction{{Kind: user.GameCreateBlock}} })
	_, _, err := l.Create(t.Context(), by(ada), wish(), "")
	refused(t, err, game.ErrCreateBlocked)
}

func TestCreatingIsRepeatableUnderItsKey(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	l.people.set(ada, func(s *user.Snapshot) { s.Limits.OwnedPrivateGames = 1 })
	first, made, err := l.Create(t.Context(), by(ada), wish(), "key-1")
	require.NoError(t, err)
	require.True(t, made)
	again, made, err := l.Create(t.Context(), by(ada), wish(), "key-1")
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first, again)
	other := wish()
	other.Name = "Another"
	_, _, err = l.Create(t.Context(), by(ada), other, "key-1")
	refused(t, err, game.ErrReplay)
	_, made, err = l.Create(t.Context(), by(bob), wish(), "key-1") // the key is the creator's own
	require.NoError(t, err)
	require.True(t, made)
}

func TestGamesThatCannotBe(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	past := noon.Add(-time.Minute)
	for name, change := range map[string]func(*game.NewGame){
		"max_players":        func(n *game.NewGame) { n.MinPlayers, n.MaxPlayers = 5, 4 },
		"join_policy":        func(n *game.NewGame) { n.JoinPolicy = game.PolicyAuto },
		"enrollment_ends_at": func(n *game.NewGame) { n.EnrollmentEndsAt = &past },
		"turns.interval_seconds": func(n *game.NewGame) {
			n.Turns = schedule.Settings{Mode: schedule.Interval, Interval: time.Second}
		},
		"turns.zone": func(n *game.NewGame) {
			n.Turns = schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Zone: "Mars/Olympus"}
		},
		"turns.cron": func(n *game.NewGame) { n.Turns = schedule.Settings{Cron: "* * * * *"} },
	} {
		in := wish()
		change(&in)
		_, _, err := l.Create(t.Context(), by(ada), in, "")
		refused(t, err, game.ErrInvalidGame)
		var fields []string
		for _, f := range fault.From(err).Fields {
			fields = append(fields, f.Name)
		}
		require.Contains(t, fields, name)
	}
	in := wish()
	in.EngineVersion = "9.9.9"
	_, _, err := l.Create(t.Context(), by(ada), in, "")
	require.Error(t, err)
}

func TestADraftCanBeChangedUnlessSomebodyWasFaster(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	g := l.draft(by(ada))
	name, most := "Another war", 6
	changed, err := l.Patch(t.Context(), by(ada), g.ID, g.ETag(), game.Patch{Name: &name, MaxPlayers: &most, Turns: []byte(`{"early_when_ready":true}`)})
	require.NoError(t, err)
	require.Equal(t, changed, l.game(g.ID))
	require.Equal(t, []any{name, 6, 2, time.Hour, true},
		[]any{changed.Name, changed.MaxPlayers, changed.MinPlayers, changed.Turns.Interval, changed.Turns.EarlyWhenReady})
	_, err = l.Patch(t.Context(), by(ada), g.ID, g.ETag(), game.Patch{Name: &name})
	refused(t, err, game.ErrVersion)
	l.step(by(ada), g.ID, game.Open)
	_, err = l.Patch(t.Context(), by(ada), g.ID, "", game.Patch{Name: &name})
	refused(t, err, game.ErrState)
}

func TestADeadlineCanBeTakenBack(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	soon := noon.Add(time.Hour)
	g := l.draft(by(ada), func(n *game.NewGame) { n.EnrollmentEndsAt = &soon })
	l.clock.Advance(2 * time.Hour)
	_, err := l.Move(t.Context(), by(ada), g.ID, game.Open)
	refused(t, err, game.ErrEnrollmentPast)
	g, err = l.Patch(t.Context(), by(ada), g.ID, "", game.Patch{EnrollmentEndsAt: nullable.Field[time.Time]{Given: true}})
	require.NoError(t, err)
	require.Nil(t, g.EnrollmentEndsAt)
	l.step(by(ada), g.ID, game.Open)
}

func TestWhoMaySeeAGame(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(6)
	ada, bob, invited, former, stranger, applied := p[0], p[1], p[2], p[3], p[4], p[5]
	private := l.opened(by(ada))
	l.seated(private, bob, former)
	require.NoError(t, l.Leave(t.Context(), former, private.ID))
	_, _, err := l.Invite(t.Context(), ada, Invitation{Game: private.ID, UserID: invited}, "")
	require.NoError(t, err)
	byLink := l.opened(by(ada), func(n *game.NewGame) { n.JoinPolicy = game.PolicyApplication })
	public, hidden := l.opened(root), l.draft(root)
	settled := l.opened(by(ada), func(n *game.NewGame) { n.JoinPolicy = game.PolicyApplication })
	_, err = l.apply(settled, applied, "Zorg")
	require.NoError(t, err)
	l.step(by(ada), settled.ID, game.Cancel)
	for name, c := range map[string]struct {
		game game.Game
		who  uuid.UUID
		seen bool
	}{
		"owner": {private, ada, true}, "member": {private, bob, true}, "invited": {private, invited, true},
		"former member": {private, former, true}, "stranger": {private, stranger, false},
		"applied once": {settled, applied, true}, "link of a closed game": {settled, stranger, false},
		"with the link": {byLink, stranger, true}, "public": {public, stranger, true}, "public draft": {hidden, stranger, false},
	} {
		_, err := l.Show(t.Context(), c.who, c.game.ID)
		require.Equal(t, c.seen, err == nil, "%s: %v", name, err)
		if c.game.OwnedBy(c.who) {
			continue
		}
		want := game.ErrNotFound
		if c.seen {
			want = game.ErrNotOwner
		}
		_, err = l.Move(t.Context(), by(c.who), c.game.ID, game.Cancel)
		refused(t, err, want)
	}
	_, err = l.Show(t.Context(), ada, uuid.New())
	refused(t, err, game.ErrNotFound)
}

func (l *lounge) listed(viewer uuid.UUID, f game.Filter) []string {
	l.Helper()
	f.Before, f.Limit = uuid.Max, 50
	games, err := l.gameService.List(l.Context(), f)
	if viewer != uuid.Nil {
		games, err = l.Service.List(l.Context(), viewer, f)
	}
	require.NoError(l, err)
	out := []string{}
	for _, g := range games {
		out = append(out, g.Name)
	}
	return out
}

func TestGamesAreFilteredWithoutPatterns(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	called := func(name string) func(*game.NewGame) { return func(n *game.NewGame) { n.Name, n.MaxPlayers = name, 2 } }
	l.opened(root, called("50% off_\\war"))
	full := l.opened(root, called("Full house"))
	l.seated(full, ada, bob)
	l.opened(by(ada), called("Ada's"))
	l.draft(root, called("Not yet"))
	require.Equal(t, []string{"Full house", "50% off_\\war"}, l.listed(bob, game.Filter{}))
	require.Equal(t, []string{"Ada's", "Full house", "50% off_\\war"}, l.listed(ada, game.Filter{}))
	require.Equal(t, []string{"Ada's"}, l.listed(ada, game.Filter{Visibility: game.Private}))
	require.Equal(t, []string{"Full house", "50% off_\\war"}, l.listed(ada, game.Filter{Visibility: game.Public}))
	require.Equal(t, []string{"Ada's", "50% off_\\war"}, l.listed(ada, game.Filter{Open: true}))
	require.Equal(t, []string{"Full house"}, l.listed(ada, game.Filter{Query: "full HOUSE"}))
	for query, want := range map[string]int{"%": 1, "_": 1, "\\": 1, "50% off_\\w": 1, "'; DROP TABLE games; --": 0, "5_%": 0} {
		require.Len(t, l.listed(bob, game.Filter{Query: query}), want, query)
	}
	require.Equal(t, []string{"Not yet"}, l.listed(uuid.Nil, game.Filter{Status: game.Draft}))
	require.Len(t, l.listed(uuid.Nil, game.Filter{}), 4)
	require.Equal(t, []string{"Ada's"}, l.listed(uuid.Nil, game.Filter{Visibility: game.Private}))
	require.Equal(t, []string{"Ada's"}, l.listed(uuid.Nil, game.Filter{Visibility: game.Private, Status: game.EnrollmentOpen}))
}

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	for i := range 7 {
		l.opened(root, func(n *game.NewGame) { n.Name = fmt.Sprint("public ", i) })
		l.opened(by(ada), func(n *game.NewGame) { n.Name = fmt.Sprint("private ", i) })
	}
	type page struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	seen, path := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		p := testkit.Into[page](l.api.User(ada).Get("/api/v1/user/lobby/games?limit=4" + path).Want(200))
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
	l.api.User(ada).Get("/api/v1/user/lobby/my/games?cursor="+path[len("&cursor="):]).Refused(400, "invalid_request")
}

func TestAGameChangesHandsWithinItsMembers(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob, eve := l.person(), l.person(), l.person()
	g := l.opened(by(ada))
	l.seated(g, bob)
	_, err := l.Transfer(t.Context(), by(ada), g.ID, eve)
	refused(t, err, game.ErrNewOwner)
	g, err = l.Transfer(t.Context(), by(ada), g.ID, bob)
	require.NoError(t, err)
	require.True(t, l.game(g.ID).OwnedBy(bob))
	_, err = l.Move(t.Context(), by(ada), g.ID, game.Cancel)
	refused(t, err, game.ErrNotFound) // she has no part in it any more
}
