package game

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/nullable"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
)

func TestADraftCanBeChangedUnlessSomebodyWasFaster(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.draft(by(ada))
	name, most := "Another war", 6
	changed, err := f.s.Patch(t.Context(), by(ada), g.ID, g.ETag(),
		Patch{Name: &name, MaxPlayers: &most, Turns: []byte(`{"early_when_ready":true}`)})
	require.NoError(t, err)
	require.Equal(t, changed, f.game(g.ID))
	require.Equal(t, []any{name, 6, 2, time.Hour, true}, []any{
		changed.Name, changed.MaxPlayers, changed.MinPlayers, changed.Turns.Interval, changed.Turns.EarlyWhenReady})
	require.Equal(t, g.Version+1, changed.Version)
	_, err = f.s.Patch(t.Context(), by(ada), g.ID, g.ETag(), Patch{Name: &name})
	require.ErrorIs(t, err, ErrVersion)
	_, err = f.s.Patch(t.Context(), by(ada), g.ID, "*", Patch{Name: &name})
	require.NoError(t, err, "any version will do")
}

func TestOnlyADraftCanBeChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	name := "Another war"
	g := f.opened(root)
	_, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{Name: &name})
	require.ErrorIs(t, err, ErrState)
	require.Equal(t, map[string]any{"state": EnrollmentOpen, "wanted": Draft}, fault.From(err).Details)
	require.Equal(t, g, f.game(g.ID))
}

func TestEveryFieldOfADraftCanBeChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.draft(root)
	text, two, three, policy, yes, version := "x", 2, 3, PolicyApplication, true, "0.2.0"
	ends := noon.Add(time.Hour)
	changed, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{
		Name: &text, Description: &text, MinPlayers: &two, MaxPlayers: &three, JoinPolicy: &policy,
		EnrollmentEndsAt: nullable.Field[time.Time]{Given: true, Value: &ends}, StartWhenFull: &yes,
		EngineVersion: &version, Turns: []byte(`{"interval_seconds":7200}`), Map: &MapOptions{Size: 250, MaxTurns: 40},
	})
	require.NoError(t, err)
	want := g
	want.Name, want.Description, want.MinPlayers, want.MaxPlayers, want.JoinPolicy = text, text, 2, 3, policy
	want.EnrollmentEndsAt, want.StartWhenFull, want.EngineVersion = &ends, true, version
	want.Turns.Interval, want.Map, want.Version = 2*time.Hour, MapOptions{Size: 250, MaxTurns: 40}, g.Version+1
	require.Equal(t, want, changed)
	require.Equal(t, want, f.game(g.ID))
}

func TestAChangeIsHeldToWhatAGameMustBe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.draft(root, func(n *NewGame) { n.MinPlayers = 3 })
	two, auto, unknown := 2, PolicyInvite, "9.9.9"
	for name, p := range map[string]Patch{
		"fewer seats than members": {MaxPlayers: &two}, "public and invite": {JoinPolicy: &auto},
		"turns of another type": {Turns: []byte(`{"early_when_ready":"yes"}`)},
		"turns that are a list": {Turns: []byte(`[]`)},
	} {
		_, err := f.s.Patch(t.Context(), root, g.ID, "", p)
		require.ErrorIs(t, err, ErrInvalidGame, name)
	}
	_, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{EngineVersion: &unknown})
	require.Error(t, err)
	require.Equal(t, g, f.game(g.ID))
}

func TestADeadlineCanBeTakenBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, soon := f.addUser(), noon.Add(time.Hour)
	g := f.draft(by(ada), func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	f.clock.Advance(2 * time.Hour)
	_, err := f.s.Move(t.Context(), by(ada), g.ID, Open)
	require.ErrorIs(t, err, ErrEnrollmentPast)
	g, err = f.s.Patch(t.Context(), by(ada), g.ID, "",
		Patch{EnrollmentEndsAt: nullable.Field[time.Time]{Given: true}})
	require.NoError(t, err)
	require.Nil(t, g.EnrollmentEndsAt)
	f.move(by(ada), g.ID, Open)
}

func TestACronExpressionReplacesTheWholeSchedule(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.draft(root)
	for _, cron := range []string{"0 19 * * *", "30 7 * * 1"} { // an interval to a grid, and a grid to another
		_, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{Turns: []byte(`{"cron":"` + cron + `"}`)})
		require.NoError(t, err)
	}
	turns := f.game(g.ID).Turns
	require.Equal(t, []any{schedule.Grid, []string{"07:30"}, []string{"mon"}},
		[]any{turns.Mode, turns.Times, turns.Weekdays})
	_, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{Turns: []byte(`{"cron":"0 19 * * *","times":["08:00"]}`)})
	require.ErrorIs(t, err, ErrInvalidGame)
}

func TestAnOperatorsChangeIsAuditedBeforeAndAfter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, name := f.draft(root), "Another war"
	_, err := f.s.Patch(t.Context(), root, g.ID, "", Patch{Name: &name})
	require.NoError(t, err)
	entry := f.auditor.Entries()[1]
	require.Equal(t, []any{"game.patch", "The long war", "Another war"}, []any{entry.Action,
		entry.Before.(map[string]any)["name"], entry.After.(map[string]any)["name"]})
}

func TestTheScheduleOfARunningGameCanChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	grid := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Zone: "Europe/Berlin"}
	got, err := f.s.SetSchedule(t.Context(), root, g.ID, grid)
	require.NoError(t, err)
	require.Equal(t, "Europe/Berlin", got.Turns.Zone)
	require.Equal(t, got, f.game(g.ID))
	require.Equal(t, []Event{EventStarted, EventSettings}, f.observer.events())
	require.Equal(t, got, f.observer.of(EventSettings)[0].Game)
	_, err = f.s.SetSchedule(t.Context(), root, g.ID, schedule.Settings{Mode: "never"})
	require.ErrorIs(t, err, ErrInvalidGame)
	f.move(root, g.ID, Cancel)
	_, err = f.s.SetSchedule(t.Context(), root, g.ID, grid)
	require.ErrorIs(t, err, ErrState)
}

func TestNobodyHearsOfTheScheduleOfAGameThatHasNotStarted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(root)
	got, err := f.s.SetSchedule(t.Context(), root, g.ID,
		schedule.Settings{Mode: schedule.Interval, Interval: 2 * time.Hour})
	require.NoError(t, err)
	require.Equal(t, 2*time.Hour, got.Turns.Interval)
	require.Empty(t, f.observer.events())
}

func TestAGameIsTransferredToOneOfItsMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob, eve := f.addUser(), f.addUser(), f.addUser()
	g := f.opened(by(ada))
	f.enrollAll(g, bob)
	_, err := f.s.Transfer(t.Context(), by(ada), g.ID, eve)
	require.ErrorIs(t, err, ErrNewOwner)
	_, err = f.s.Transfer(t.Context(), by(eve), g.ID, eve)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.s.Transfer(t.Context(), by(bob), g.ID, bob)
	require.ErrorIs(t, err, ErrNotOwner)
	_, err = f.s.Transfer(t.Context(), by(ada), g.ID, bob)
	require.NoError(t, err)
	require.True(t, f.game(g.ID).OwnedBy(bob))
	_, err = f.s.Move(t.Context(), by(ada), g.ID, Cancel)
	require.ErrorIs(t, err, ErrNotFound, "the former owner never played in it")
}

func TestWhoMayNotBecomeAnOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	ada, left, gone, blocked := p[0], p[1], p[2], p[3]
	g := f.opened(by(ada))
	f.enrollAll(g, left, gone, blocked)
	require.NoError(t, f.s.Leave(t.Context(), left, g.ID))
	f.users.Delete(gone)
	f.users.Sanction(blocked, user.PermanentBlock, "fraud", nil)
	for name, to := range map[string]uuid.UUID{
		"left": left, "deleted": gone, "blocked": blocked, "never a member": p[4], "unknown": uuid.New(),
	} {
		_, err := f.s.Transfer(t.Context(), by(ada), g.ID, to)
		require.ErrorIs(t, err, ErrNewOwner, name)
	}
	require.Equal(t, g.OwnerID, f.game(g.ID).OwnerID)
}

func TestOnlyAPrivateGameThatIsNotOverIsTransferred(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	public, over := f.opened(root), f.opened(by(ada))
	f.enrollAll(public, bob)
	f.enrollAll(over, bob)
	f.move(by(ada), over.ID, Cancel)
	for _, g := range []Game{public, over} {
		_, err := f.s.Transfer(t.Context(), root, g.ID, bob)
		require.ErrorIs(t, err, ErrState)
	}
}

func TestATransferToTheOwnerChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	f.users.SetLimit(ada, user.OwnedPrivateGames, 1, nil)
	g := f.opened(by(ada))
	f.enrollAll(g, ada)
	before := f.fingerprint()
	_, err := f.s.Transfer(t.Context(), by(ada), g.ID, ada)
	require.NoError(t, err)
	require.Equal(t, before, f.fingerprint())
}

func TestATransferNeedsRoomInTheNewOwnersPlan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.users.SetLimit(bob, user.OwnedPrivateGames, 1, nil)
	var games []Game
	for range 6 {
		g := f.opened(by(ada))
		f.enroll(g, bob, "Zorg")
		games = append(games, g)
	}
	succeeded, failures := testkit.AtOnce(games, func(g Game) error {
		_, err := f.s.Transfer(t.Context(), by(ada), g.ID, bob)
		return err
	})
	require.Equal(t, 1, succeeded)
	for _, err := range failures {
		require.ErrorIs(t, err, ErrOwnedLimit)
		require.Contains(t, fault.From(err).Message, "new owner")
	}
	require.Equal(t, 1, f.count(`SELECT count(*) FROM games WHERE owner_id = $1`, bob))
}

func TestATransferFailsWithTheAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	f.enrollAll(g, bob)
	f.users.Fail(errBroken)
	_, err := f.s.Transfer(t.Context(), by(ada), g.ID, bob)
	require.ErrorIs(t, err, errBroken, "a defect is not taken for a refusal")
}

func TestATransferWaitsForWhateverElseGivesTheNewOwnerAGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	f.enroll(g, bob, "Zorg")
	done := make(chan error, 1)
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.users.Lock(ctx, tx, bob); err != nil {
			return err
		}
		require.True(t, testkit.Blocks(t, f.db, done, func() error {
			_, err := f.s.Transfer(context.WithoutCancel(t.Context()), by(ada), g.ID, bob)
			return err
		}))
		return nil
	})
	require.NoError(t, <-done)
}

func TestAChangeWhoseFunctionFailsIsRolledBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.draft(root)
	_, err := f.s.Update(t.Context(), root, g.ID, "game.test", func(_ context.Context, tx *pg.Tx, g *Game) error {
		g.Name = "never stored"
		f.games.save(tx, g)
		return errBroken
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, g, f.game(g.ID))
	require.Equal(t, []string{"game.create"}, f.auditor.Actions())
}
