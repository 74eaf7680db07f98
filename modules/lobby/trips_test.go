package lobby

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
)

// trips counts the round trips to the database that fn takes. One of each is
// the stand-in's, which locks the account.
func (f *fixture) roundTrips(fn func()) int {
	before := f.db.Traffic().RoundTrips
	fn()
	return int(f.db.Traffic().RoundTrips - before)
}

func TestACommandTakesFewRoundTrips(t *testing.T) {
	f := newFixture(t)
	p := f.addUsers(4)
	ctx := t.Context()
	g := f.opened(by(p[0]))
	asking, auto := f.opened(by(p[0]), byApplying), f.opened(root)
	var i Invite
	for _, c := range []struct {
		name string
		most int
		run  func() error
	}{
		{"invite", 2, func() (err error) {
			i, _, err = f.s.Invite(ctx, p[0], Invitation{Game: g.ID, UserID: p[1]}, "")
			return err
		}},
		{"redeem", 4, func() error { _, _, err := f.s.Redeem(ctx, p[1], i.ID, "Zorg"); return err }},
		{"apply", 3, func() error { _, err := f.apply(asking, p[1], "Vogon"); return err }},
		{"apply, approved at once", 4, func() error { _, err := f.apply(auto, p[2], "Klingon"); return err }},
		{"open games", 1, func() error {
			_, err := f.s.List(ctx, p[0], game.Filter{Open: true, Before: uuid.Max, Limit: 50})
			return err
		}},
	} {
		var err error
		n := f.roundTrips(func() { err = c.run() })
		require.NoError(t, err, c.name)
		require.LessOrEqual(t, n, c.most, c.name)
		t.Logf("%s: %d", c.name, n)
	}
}
