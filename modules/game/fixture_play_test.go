package game

import (
	"context"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// running is a game in play with these members, and their races.
func (f *fixture) running(who Actor, members ...uuid.UUID) (Game, []string) {
	f.Helper()
	g := f.opened(who, func(n *NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(4, len(members)) })
	races := f.enrollAll(g, members...)
	f.move(who, g.ID, Close, Start)
	f.observe(g.ID, runtime.Running, withStatus(races...))
	return f.game(g.ID), races
}

// observe stands for runtime, which has seen an engine.
func (f *fixture) observe(game uuid.UUID, seen runtime.Observed, change ...func(*runtime.Change)) {
	f.Helper()
	c := runtime.Change{GameID: game, Desired: string(runtime.WantRunning), Observed: string(seen), Generation: 1,
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
	return func(c *runtime.Change) { c.Status = statusOf(races...) }
}

func withError(text string) func(*runtime.Change) { return func(c *runtime.Change) { c.Error = text } }

// byOperator is an engine that an operator took away.
func byOperator(c *runtime.Change) {
	c.Desired, c.Source = string(runtime.WantStopped), runtime.Operator
}

func statusOf(races ...string) *enginev1.Status {
	zero := 0
	s := &enginev1.Status{State: enginev1.StateRunning, Turn: &zero, StateHash: "hash-0"}
	for _, r := range races {
		s.Races = append(s.Races,
			enginev1.RaceStatus{RaceName: r, State: enginev1.RaceActive, Planets: 1, Population: 1000})
	}
	return s
}

// activeRaces are races in play with so many planets each.
func activeRaces(planets int, races ...string) (out []RaceStats) {
	for _, r := range races {
		out = append(out, RaceStats{RaceName: r, State: string(enginev1.RaceActive), Planets: planets,
			Population: 1000 * float64(planets)})
	}
	return out
}

// record stands for turn, which hands over what a turn left behind.
func (f *fixture) record(r TurnRecord) error {
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error { return f.s.RecordTurn(ctx, tx, r) })
}

// finish ends a running game with a turn in which every race has grown.
func (f *fixture) finish(g Game, races ...string) Game {
	f.Helper()
	require.NoError(f, f.record(TurnRecord{GameID: g.ID, Turn: 12, At: f.clock.Now(), StateHash: "end",
		Races: activeRaces(3, races...), Finished: true, Result: resultOf(races...)}))
	return f.game(g.ID)
}

func resultOf(races ...string) *enginev1.Result {
	r := &enginev1.Result{Reason: enginev1.ResultLastRace, Winners: races[:1], Ranking: []enginev1.RankEntry{}}
	for i, race := range races {
		r.Ranking = append(r.Ranking, enginev1.RankEntry{Place: i + 1, Race: race, State: enginev1.RaceActive})
	}
	return r
}

// pause stands for turn, which holds a game.
func (f *fixture) pause(game uuid.UUID, reason string) error {
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error { return f.s.Pause(ctx, tx, game, reason) })
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
			return err
		}
	}
	return nil
}

func (f *fixture) sweep() {
	f.Helper()
	_, err := f.sweeper.RunOnce(f.Context())
	require.NoError(f, err)
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

func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func (f *fixture) count(query string, args ...any) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, query, args...)
	require.NoError(f, err)
	return n
}

const selectFingerprint = `SELECT md5(concat_ws('|',
	(SELECT string_agg(g::text, ';' ORDER BY game_id) FROM games g),
	(SELECT string_agg(m::text, ';' ORDER BY game_id, user_id) FROM memberships m),
	(SELECT string_agg(p::text, ';' ORDER BY game_id, race_name, turn) FROM player_turn_stats p),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n),
	(SELECT string_agg(k::text, ';' ORDER BY key) FROM race_name_keys k)))`

// fingerprint changes with every row of the two domains.
func (f *fixture) fingerprint() string {
	f.Helper()
	sum, err := pg.Get[string](f.Context(), f.db, selectFingerprint)
	require.NoError(f, err)
	return sum
}

// offer puts the seat of a membership up, as the domain above does.
func (f *fixture) offer(g Game, who uuid.UUID) {
	f.Helper()
	m := f.membership(g, who)
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.games.LockGame(ctx, tx, g.ID); err != nil {
			return err
		}
		f.games.SetOffered(tx, m, f.clock.Now())
		return nil
	})
}

// replace seats a successor, as the domain above does.
func (f *fixture) replace(g Game, old, successor uuid.UUID) (m Membership) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.users.Lock(ctx, tx, successor); err != nil {
			return err
		}
		g, err := f.games.LockGame(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		from, err := f.games.MembershipIn(ctx, tx, g.ID, old)
		if err != nil {
			return err
		}
		m, err = f.s.ReplaceMember(ctx, tx, &g, from, successor)
		return err
	})
	return m
}
