package lobby

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func newGame(change ...func(*game.NewGame)) game.NewGame {
	in := game.NewGame{Name: "The long war", MinPlayers: 2, MaxPlayers: 4, Turns: hourly}
	for _, fn := range change {
		fn(&in)
	}
	return in
}

// byApplying makes a game take members by application.
func byApplying(n *game.NewGame) { n.JoinPolicy = game.PolicyApplication }

// draft makes a game, of a user or of an operator.
func (f *fixture) draft(who game.Actor, change ...func(*game.NewGame)) game.Game {
	f.Helper()
	g, made, err := f.games.Create(f.Context(), who, newGame(change...), "")
	require.NoError(f, err)
	require.True(f, made)
	return g
}

// opened makes a game that takes members.
func (f *fixture) opened(who game.Actor, change ...func(*game.NewGame)) game.Game {
	f.Helper()
	return f.move(who, f.draft(who, change...).ID, game.Open)
}

func (f *fixture) move(who game.Actor, id uuid.UUID, verbs ...game.Verb) (g game.Game) {
	f.Helper()
	for _, v := range verbs {
		var err error
		g, err = f.games.Move(f.Context(), who, id, v)
		require.NoError(f, err, v)
	}
	return g
}

func (f *fixture) apply(g game.Game, who uuid.UUID, race string) (Application, error) {
	a, _, err := f.s.Apply(f.Context(), Application{GameID: g.ID, UserID: who, RaceName: race}, "")
	return a, err
}

func (f *fixture) invite(g game.Game, who uuid.UUID) Invite {
	f.Helper()
	i, _, err := f.s.Invite(f.Context(), *g.OwnerID, Invitation{Game: g.ID, UserID: who}, "")
	require.NoError(f, err)
	return i
}

// enroll seats a user in an open game, in the way that its policy has.
func (f *fixture) enroll(g game.Game, who uuid.UUID, race string) string {
	f.Helper()
	var err error
	switch {
	case g.JoinPolicy == game.PolicyAuto:
		_, err = f.apply(g, who, race)
	case g.OwnedBy(who):
		_, _, err = f.s.Join(f.Context(), who, g.ID, race)
	default:
		_, _, err = f.s.Redeem(f.Context(), who, f.invite(g, who).ID, race)
	}
	require.NoError(f, err)
	return race
}

// enrollAll seats users under race names of their own.
func (f *fixture) enrollAll(g game.Game, users ...uuid.UUID) (races []string) {
	f.Helper()
	for _, u := range users {
		races = append(races, f.enroll(g, u, raceOf(u)))
	}
	return races
}

// raceOf is a race name of a user's own that looks like no other one.
func raceOf(u uuid.UUID) string {
	const letters = "abcdefghjkpqrstu"
	name := []byte("Z")
	for _, b := range u[8:14] {
		name = append(name, letters[b>>4], letters[b&15])
	}
	return string(name)
}

// running is a game in play with these members, and their races.
func (f *fixture) running(who game.Actor, members ...uuid.UUID) (game.Game, []string) {
	f.Helper()
	g := f.opened(who, func(n *game.NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(4, len(members)) })
	races := f.enrollAll(g, members...)
	f.move(who, g.ID, game.Close, game.Start)
	f.observe(g.ID, runtime.Running, withStatus(races...))
	return f.game(g.ID), races
}

// observe stands for runtime, which has seen an engine.
func (f *fixture) observe(id uuid.UUID, seen runtime.Observed, change ...func(*runtime.Change)) {
	f.Helper()
	c := runtime.Change{GameID: id, Desired: string(runtime.WantRunning), Observed: string(seen), Generation: 1,
		Source: runtime.User}
	for _, fn := range change {
		fn(&c)
	}
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		for _, o := range f.hooks.Engines {
			if err := o.RuntimeChanged(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// withStatus is the engine's answer at turn 0.
func withStatus(races ...string) func(*runtime.Change) {
	zero := 0
	s := &enginev1.Status{State: enginev1.StateRunning, Turn: &zero, StateHash: "hash-0"}
	for _, r := range races {
		s.Races = append(s.Races,
			enginev1.RaceStatus{RaceName: r, State: enginev1.RaceActive, Planets: 1, Population: 1000})
	}
	return func(c *runtime.Change) { c.Status = s }
}

// record stands for turn, which hands over what a turn left behind.
func (f *fixture) record(r game.TurnRecord) error {
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error { return f.games.RecordTurn(ctx, tx, r) })
}

// earnName makes a race name pending for a user: a game with another one ends
// after the user's race has grown.
func (f *fixture) earnName(u uuid.UUID, race string) {
	f.Helper()
	other := f.addUser()
	g := f.opened(root)
	f.enroll(g, u, race)
	f.enroll(g, other, raceOf(other))
	f.move(root, g.ID, game.Close, game.Start)
	f.observe(g.ID, runtime.Running, withStatus(race, raceOf(other)))
	active := string(enginev1.RaceActive)
	require.NoError(f, f.record(game.TurnRecord{GameID: g.ID, Turn: 12, At: f.clock.Now(), StateHash: "end",
		Races: []game.RaceStats{
			{RaceName: race, State: active, Planets: 5, Population: 5000},
			{RaceName: raceOf(other), State: active, Planets: 1, Population: 1000},
		},
		Finished: true,
		Result: &enginev1.Result{Reason: enginev1.ResultLastRace, Winners: []string{race},
			Ranking: []enginev1.RankEntry{}},
	}))
	f.checkNames()
}

// namesOf are a user's race names: state and display form, oldest first.
func (f *fixture) namesOf(u uuid.UUID) []string {
	f.Helper()
	names, err := f.names.Names(f.Context(), u, uuid.Max, 100)
	require.NoError(f, err)
	out := []string{}
	for i := len(names) - 1; i >= 0; i-- {
		out = append(out, names[i].State+" "+names[i].Display)
	}
	return out
}

// checkNames checks what always holds of the directory of race names.
func (f *fixture) checkNames() {
	f.Helper()
	require.Zero(f, f.count(`SELECT count(*) FROM race_name_keys k WHERE NOT EXISTS (
		SELECT FROM race_names n WHERE k.key IN (n.canonical_key, n.second_key))`), "a key outlived its names")
	require.Zero(f, f.count(`SELECT count(*) FROM race_names n
		JOIN race_name_keys k ON k.key IN (n.canonical_key, n.second_key)
		WHERE k.holder_user_id <> n.user_id`), "a name of somebody who does not hold its key")
}

// depart ends an account as the domain below does: locked, all hooks in order.
func (f *fixture) depart(who uuid.UUID, why user.Reason) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error { return f.departIn(ctx, tx, who, why) })
}

func (f *fixture) departIn(ctx context.Context, tx *pg.Tx, who uuid.UUID, why user.Reason) error {
	if _, err := f.users.Lock(ctx, tx, who); err != nil {
		return err
	}
	for _, h := range hook.Sorted(f.hooks.Departures) {
		if err := h.Depart(ctx, tx, who, why); err != nil {
			return fmt.Errorf("%s: %w", h.Name(), err)
		}
	}
	return nil
}

func (f *fixture) sweep() {
	f.Helper()
	require.NoError(f, f.sweepers.runOnce(f.Context()))
}

// atOnce runs fn for each item at the same time.
func atOnce[T any](items []T, fn func(T) error) (succeeded int, failures []error) {
	start, results := make(chan struct{}), make(chan error, len(items))
	var wg sync.WaitGroup
	for _, item := range items {
		wg.Go(func() {
			<-start
			results <- fn(item)
		})
	}
	close(start)
	wg.Wait()
	close(results)
	for err := range results {
		if err == nil {
			succeeded++
		} else {
			failures = append(failures, err)
		}
	}
	return succeeded, failures
}
