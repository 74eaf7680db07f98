package lobby

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// trips counts the round trips to the database that fn takes. One of each is
// the stand-in's, which locks the account.
func (l *lounge) trips(fn func()) int {
	before := l.db.Traffic()
	fn()
	after := l.db.Traffic()
	return roundTrips(after) - roundTrips(before)
}

func roundTrips(t pg.Traffic) int { return int(t.RoundTrips) }

func TestACommandTakesFewRoundTrips(t *testing.T) {
	l := open(t)
	p := l.persons(4)
	ctx := t.Context()
	g := l.opened(by(p[0]))
	asking, auto := l.opened(by(p[0]), application), l.opened(root)
	var i Invite
	for _, c := range []struct {
		name string
		most int
		run  func() error
	}{
		{"invite", 2, func() (err error) {
			i, _, err = l.Invite(ctx, p[0], Invitation{Game: g.ID, UserID: p[1]}, "")
			return err
		}},
		{"redeem", 4, func() error { _, _, err := l.Redeem(ctx, p[1], i.ID, "Zorg"); return err }},
		{"apply", 3, func() error { _, err := l.apply(asking, p[1], "Vogon"); return err }},
		{"apply, approved at once", 4, func() error { _, err := l.apply(auto, p[2], "Klingon"); return err }},
		{"open games", 1, func() error {
			_, err := l.Service.List(ctx, p[0], game.Filter{Open: true, Before: uuid.Max, Limit: 50})
			return err
		}},
	} {
		var err error
		n := l.trips(func() { err = c.run() })
		require.NoError(t, err, c.name)
		require.LessOrEqual(t, n, c.most, c.name)
		t.Logf("%s: %d", c.name, n)
	}
}
