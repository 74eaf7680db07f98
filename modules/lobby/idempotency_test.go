package lobby

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/user"
)

func TestTheSameApplicationAnswersAsTheFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.users.SetLimit(bob, user.PendingApplications, 1, nil)
	g, auto := f.opened(by(ada), byApplying), f.opened(root)
	for _, gameID := range []game.Game{g, auto} {
		for _, key := range []string{"", "key-" + gameID.ID.String()} {
			who := bob
			if key != "" {
				who = f.addUser()
			}
			in := Application{GameID: gameID.ID, UserID: who, RaceName: raceOf(who), Message: "please"}
			first, made, err := f.s.Apply(t.Context(), in, key)
			require.NoError(t, err)
			require.True(t, made)
			again, made, err := f.s.Apply(t.Context(), in, key)
			require.NoError(t, err)
			require.False(t, made)
			require.Equal(t, first.ID, again.ID)
			require.Equal(t, 1, f.count(`SELECT count(*) FROM applications
				WHERE user_id = $1 AND game_id = $2`, who, gameID.ID))
			if key != "" {
				in.Message = "now!"
				_, _, err = f.s.Apply(t.Context(), in, key)
				require.ErrorIs(t, err, game.ErrReplay)
			}
		}
	}
	_, err := f.apply(f.opened(by(ada), byApplying), bob, "Other")
	require.ErrorIs(t, err, ErrApplicationLimit)
}

func TestARepeatUnderItsKeyAnswersAsTheFirstWhateverHasChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	soon, in := noon.Add(time.Hour), newGame()
	in.EnrollmentEndsAt = &soon
	g, made, err := f.games.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.True(t, made)
	f.move(by(ada), g.ID, game.Open)
	asked := Invitation{Game: g.ID, UserID: bob}
	i, made, err := f.s.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.True(t, made)
	_, _, err = f.s.Redeem(t.Context(), bob, i.ID, "Zorg")
	require.NoError(t, err)
	f.clock.Advance(2 * time.Hour) // the enrollment is over, the invite redeemed
	again, made, err := f.games.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.Equal(t, []any{g.ID, false}, []any{again.ID, made})
	j, made, err := f.s.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.Equal(t, []any{i.ID, redeemed, false}, []any{j.ID, j.State, made})
	_, _, err = f.s.Invite(t.Context(), ada, asked, "another")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	in.Name = "x"
	_, _, err = f.games.Create(t.Context(), by(ada), in, "k")
	require.ErrorIs(t, err, game.ErrReplay)
}
