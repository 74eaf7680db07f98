package turn

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// startGame starts a game with so many players, whose races are Race0, Race1, …
func (f *fixture) startGame(turns schedule.Settings, players int) lobby.Game {
	f.Helper()
	id := uuid.Must(uuid.NewV7())
	now := f.clock.Now()
	g := lobby.Game{ID: id, Name: "Andromeda", State: lobby.Running, Turns: turns, StartedAt: &now}
	f.exec(`INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players, max_players, join_policy,
    start_when_full, engine_version, turns, map, created_at, updated_at)
VALUES ($1, 'root', 'public', $2, '', 'running', 1, 100, 'auto', false, '0.1.0', '{}', '{}', $3, $3)`, id, g.Name, now)
	seats := []lobby.Seat{}
	races := []enginev1.RaceStatus{}
	for i := range players {
		race := fmt.Sprintf("Race%d", i)
		seats = append(seats, lobby.Seat{
			GameID: id, UserID: uuid.Must(uuid.NewV7()), RaceName: race, Status: lobby.Active, JoinedAt: now,
		})
		races = append(races, enginev1.RaceStatus{RaceName: race, State: enginev1.RaceActive, Planets: 3})
	}
	f.games.add(g, seats)
	f.engine.add(id, races)
	f.notify(g, lobby.EventStarted)
	return g
}

// startGameWithWaitingRun lets the deadline come while somebody else holds the
// engine's lease.
func (f *fixture) startGameWithWaitingRun(turns schedule.Settings) lobby.Game {
	f.Helper()
	g := f.startGame(turns, 2)
	f.leaser.take(g.ID)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(f, RunQueued, f.runsOf(g)[0].Status)
	return g
}

// freeEngine gives the lease back and has the run tried that waited for it.
func (f *fixture) freeEngine(g lobby.Game) {
	f.Helper()
	f.leaser.free(g.ID)
	f.clock.Advance(time.Minute)
	f.run()
}

// notify has the game report an event to its observer.
func (f *fixture) notify(g lobby.Game, e lobby.Event) {
	f.Helper()
	require.NoError(f, f.tryNotify(g, e))
}

func (f *fixture) tryNotify(g lobby.Game, e lobby.Event) error {
	f.Helper()
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.games.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		status := f.engine.game(g.ID).status()
		return f.observer.GameChanged(ctx, tx, f.games.game(g.ID), e, &status)
	})
}

// notifyBlocked has the game report that a member was blocked, whose race goes.
func (f *fixture) notifyBlocked(g lobby.Game, race string) {
	f.Helper()
	f.games.changeGame(g.ID, func(g *lobby.Game) {
		g.Blocked = &lobby.BlockedRace{RaceName: race, Cause: lobby.CauseBlocked}
	})
	f.notify(g, lobby.EventRaceBlocked)
}

// notifyTaken has the game report that somebody took a seat over.
func (f *fixture) notifyTaken(g lobby.Game, i int) {
	f.Helper()
	seat := f.games.seatsOf(g.ID)[i]
	f.games.changeGame(g.ID, func(g *lobby.Game) { g.Taken = &seat })
	f.notify(g, lobby.EventSeatTaken)
}

// setState moves the game to a state and reports the event.
func (f *fixture) setState(g lobby.Game, s lobby.State, e lobby.Event) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.games.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		return f.games.setState(ctx, tx, g.ID, s, lobby.ByUser, e)
	})
}

func (f *fixture) clockOf(g lobby.Game) pace.Clock {
	f.Helper()
	c, err := store{}.clock(f.Context(), f.db, g.ID)
	require.NoError(f, err)
	return c
}

func (f *fixture) runsOf(g lobby.Game) []Run {
	f.Helper()
	runs, err := store{}.runs(f.Context(), f.db, g.ID, uuid.Nil, 100)
	require.NoError(f, err)
	return runs
}

func (f *fixture) submissionsOf(g lobby.Game) []pace.Submission {
	f.Helper()
	out, err := store{}.submissions(f.Context(), f.db, f.clockOf(g))
	require.NoError(f, err)
	return out
}

// outcomes are what became of a turn, by race; empty: nothing yet.
func (f *fixture) outcomes(g lobby.Game, turn int) map[string]string {
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

func (f *fixture) user(g lobby.Game, i int) uuid.UUID { return f.games.seatsOf(g.ID)[i].UserID }

// submitAll has every player send orders for the turn the game is at.
func (f *fixture) submitAll(g lobby.Game) {
	f.Helper()
	for i, seat := range f.games.seatsOf(g.ID) {
		if seat.Status == lobby.Active {
			f.submit(g, i)
		}
	}
}

// submit has one player send orders for the turn the game is at.
func (f *fixture) submit(g lobby.Game, i int) {
	f.Helper()
	_, err := f.service.PutOrders(f.Context(), g.ID, f.user(g, i), orders(f.clockOf(g).Turn))
	require.NoError(f, err)
}

// setReady has one player be ready for the turn the game is at.
func (f *fixture) setReady(g lobby.Game, i int) {
	f.Helper()
	_, err := f.service.Ready(f.Context(), g.ID, f.user(g, i), f.clockOf(g).Turn)
	require.NoError(f, err)
}

// makeTurn has an operator's turn made.
func (f *fixture) makeTurn(g lobby.Game) {
	f.Helper()
	_, err := f.service.Advance(f.Context(), g.ID, false)
	require.NoError(f, err)
	f.run()
}
