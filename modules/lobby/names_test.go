package lobby

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// held is the user's entries: state and display form, oldest first.
func (l *lounge) held(u uuid.UUID) []string {
	l.Helper()
	names, err := l.names.Names(l.Context(), u, uuid.Max, 100)
	require.NoError(l, err)
	out := []string{}
	for i := len(names) - 1; i >= 0; i-- {
		out = append(out, names[i].State+" "+names[i].Display)
	}
	return out
}

// sound checks what holds of the directory after every step.
func (l *lounge) sound() {
	l.Helper()
	require.Zero(l, l.one(`SELECT count(*) FROM race_name_keys k WHERE NOT EXISTS (
		SELECT FROM race_names n WHERE k.key IN (n.canonical_key, n.second_key))`), "a key outlived its names")
	require.Zero(l, l.one(`SELECT count(*) FROM race_names n JOIN race_name_keys k ON k.key IN (n.canonical_key, n.second_key)
		WHERE k.holder_user_id <> n.user_id`), "a name of somebody who does not hold its key")
}

// finished plays a game to its end. Races that are grown pass the test of
// capability; what they became is their state.
func (l *lounge) finished(turns int, grown map[uuid.UUID]bool, states map[uuid.UUID]enginev1.RaceState, names map[uuid.UUID]string) game.Game {
	l.Helper()
	g := l.opened(root, func(n *game.NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(2, len(names)) })
	var races []string
	for u, name := range names {
		races = append(races, l.sit(g, u, name))
	}
	l.step(root, g.ID, game.ForceStart)
	l.observe(g.ID, "running", startsWith(races))
	r := game.TurnRecord{GameID: g.ID, Turn: turns, At: l.clock.Now(), StateHash: "end", Finished: true,
		Result: &enginev1.Result{Reason: enginev1.ResultLastRace, Winners: races[:1], Ranking: []enginev1.RankEntry{}}}
	for u, name := range names {
		planets, state := 1, enginev1.RaceActive
		if grown[u] {
			planets = 5
		}
		if s, ok := states[u]; ok {
			state = s
		}
		r.Races = append(r.Races, game.RaceStats{RaceName: name, State: string(state), Planets: planets, Population: 1000 * float64(planets)})
	}
	require.NoError(l, l.record(r))
	l.sound()
	return l.game(g.ID)
}

// earn makes a name pending for a user.
func (l *lounge) earn(u uuid.UUID, name string) {
	l.Helper()
	other := l.person()
	l.finished(12, map[uuid.UUID]bool{u: true}, nil, map[uuid.UUID]string{u: name, other: raceOf(other)})
}
