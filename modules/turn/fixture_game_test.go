package turn

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// startGame starts a game with so many players, whose races are Race0, Race1, …
func (f *fixture) startGame(turns schedule.Settings, players int) game.Game {
	f.Helper()
	id := uuid.Must(uuid.NewV7())
	now := f.clock.Now()
	g := game.Game{ID: id, Name: "Andromeda", State: game.Running, Turns: turns, StartedAt: &now}
	f.exec(`INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players, max_players, join_policy,
    start_when_full, engine_version, turns, map, created_at, updated_at)
VALUES ($1, 'root', 'public', $2, '', 'running', 1, 100, 'auto', false, '0.1.0', '{}', '{}', $3, $3)`, id, g.Name, now)
	members := []game.Membership{}
	races := []enginev1.RaceStatus{}
	for i := range players {
		race := fmt.Sprintf("Race%d", i)
		members = append(members, game.Membership{
			GameID: id, UserID: uuid.Must(uuid.NewV7()), RaceName: race, Status: game.Active, JoinedAt: now,
		})
		races = append(races, enginev1.RaceStatus{RaceName: race, State: enginev1.RaceActive, Planets: 3})
	}
	f.games.add(g, members)
	f.engine.add(id, races)
	f.notify(g, game.EventStarted)
	return g
}

// startGameWithWaitingRun lets the deadline come while somebody else holds the
// engine's lease.
func (f *fixture) startGameWithWaitingRun(turns schedule.Settings) game.Game {
	f.Helper()
	g := f.startGame(turns, 2)
	f.leaser.take(g.ID)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(f, RunQueued, f.runsOf(g)[0].Status)
	return g
}

// freeEngine gives the lease back and has the run tried that waited for it.
func (f *fixture) freeEngine(g game.Game) {
	f.Helper()
	f.leaser.free(g.ID)
	f.clock.Advance(time.Minute)
	f.run()
}

// notify has the game report an event to its observer.
func (f *fixture) notify(g game.Game, e game.Event) {
	f.Helper()
	require.NoError(f, f.tryNotify(g, game.Change{Event: e}))
}

// notifyBlocked has the game report that a member was blocked, whose race goes.
func (f *fixture) notifyBlocked(g game.Game, race string) {
	f.Helper()
	blocked := game.BlockedRace{RaceName: race, Cause: game.CauseBlocked}
	require.NoError(f, f.tryNotify(g, game.Change{Event: game.EventRaceBlocked, Blocked: &blocked}))
}

// notifyTaken has the game report that somebody took a seat over.
func (f *fixture) notifyTaken(g game.Game, i int) {
	f.Helper()
	successor := f.games.members(g.ID)[i]
	require.NoError(f, f.tryNotify(g, game.Change{Event: game.EventSeatTaken, Taken: &successor}))
}

// tryNotify reports a change of the game as it is now.
func (f *fixture) tryNotify(g game.Game, c game.Change) error {
	f.Helper()
	status := f.engine.game(g.ID).status()
	c.Game, c.Status = f.games.game(g.ID), &status
	return f.inLockedGame(g, func(ctx context.Context, tx *pg.Tx) error { return f.observer.GameChanged(ctx, tx, c) })
}

func (f *fixture) inLockedGame(g game.Game, fn func(ctx context.Context, tx *pg.Tx) error) error {
	f.Helper()
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.games.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// setState moves the game to a state and reports the event.
func (f *fixture) setState(g game.Game, s game.State, e game.Event) {
	f.Helper()
	require.NoError(f, f.inLockedGame(g, func(ctx context.Context, tx *pg.Tx) error {
		return f.games.setState(ctx, tx, g.ID, s, game.ByUser, e)
	}))
}

func (f *fixture) clockOf(g game.Game) pace.Clock {
	f.Helper()
	c, err := store{}.clock(f.Context(), f.db, g.ID)
	require.NoError(f, err)
	return c
}

func (f *fixture) runsOf(g game.Game) []Run {
	f.Helper()
	runs, err := store{}.runs(f.Context(), f.db, g.ID, uuid.Max, 100)
	require.NoError(f, err)
	return runs
}

func (f *fixture) submissionsOf(g game.Game) []pace.Submission {
	f.Helper()
	out, err := store{}.submissions(f.Context(), f.db, f.clockOf(g))
	require.NoError(f, err)
	return out
}

// outcomes are what became of a turn, by race; empty: nothing yet.
func (f *fixture) outcomes(g game.Game, turn int) map[string]string {
	f.Helper()
	rows, err := store{}.submissionsBetween(f.Context(), f.db, f.clockOf(g), turn, turn)
	require.NoError(f, err)
	out := map[string]string{}
	for _, s := range rows {
		out[s.RaceName] = ""
		if s.Outcome != nil {
			out[s.RaceName] = *s.Outcome
		}
	}
	return out
}

func (f *fixture) user(g game.Game, i int) uuid.UUID { return f.games.members(g.ID)[i].UserID }

// submitAll has every player send orders for the turn the game is at.
func (f *fixture) submitAll(g game.Game) {
	f.Helper()
	for i, m := range f.games.members(g.ID) {
		if m.Status == game.Active {
			f.submit(g, i)
		}
	}
}

// submit has one player send orders for the turn the game is at.
func (f *fixture) submit(g game.Game, i int) {
	f.Helper()
	_, err := f.service.PutOrders(f.Context(), g.ID, f.user(g, i), orders(f.clockOf(g).Turn))
	require.NoError(f, err)
}

// setReady has one player be ready for the turn the game is at.
func (f *fixture) setReady(g game.Game, i int) {
	f.Helper()
	_, err := f.service.Ready(f.Context(), g.ID, f.user(g, i), f.clockOf(g).Turn)
	require.NoError(f, err)
}

// makeTurn has an operator's turn made.
func (f *fixture) makeTurn(g game.Game) {
	f.Helper()
	_, err := f.service.Advance(f.Context(), g.ID, false)
	require.NoError(f, err)
	f.run()
}
