package game

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const upsertStats = `INSERT INTO player_turn_stats (game_id, race_name, turn, state, planets, ships, population, industry, votes, idle_turns)
	SELECT $1, r.race_name, $2, r.state, r.planets, r.ships, r.population, r.industry, r.votes, r.idle_turns
	FROM unnest($3::text[], $4::text[], $5::int[], $6::int[], $7::float8[], $8::float8[], $9::float8[], $10::int[])
		AS r(race_name, state, planets, ships, population, industry, votes, idle_turns)
	ON CONFLICT (game_id, race_name, turn) DO UPDATE SET state = excluded.state, planets = excluded.planets, ships = excluded.ships,
		population = excluded.population, industry = excluded.industry, votes = excluded.votes, idle_turns = excluded.idle_turns`

func (store) upsertStats(tx *pg.Tx, game uuid.UUID, turn int, races []RaceStats) {
	var names, states []string
	var planets, ships, idle []int
	var population, industry, votes []float64
	for _, r := range races {
		names, states = append(names, r.RaceName), append(states, r.State)
		planets, ships, idle = append(planets, r.Planets), append(ships, r.Ships), append(idle, r.IdleTurns)
		population, industry, votes = append(population, r.Population), append(industry, r.Industry), append(votes, r.Votes)
	}
	tx.Queue(upsertStats, game, turn, names, states, planets, ships, population, industry, votes, idle)
}

const selectStats = `SELECT race_name, state, planets, ships, population, industry, votes, idle_turns
	FROM player_turn_stats WHERE game_id = $1 AND turn = $2 ORDER BY race_name`

type statsRow struct {
	RaceName   string  `db:"race_name"`
	State      string  `db:"state"`
	Planets    int     `db:"planets"`
	Ships      int     `db:"ships"`
	Population float64 `db:"population"`
	Industry   float64 `db:"industry"`
	Votes      float64 `db:"votes"`
	IdleTurns  int     `db:"idle_turns"`
}

func (store) stats(ctx context.Context, q pg.Querier, game uuid.UUID, turn int) ([]RaceStats, error) {
	rows, err := pg.All[statsRow](ctx, q, selectStats, game, turn)
	out := make([]RaceStats, 0, len(rows))
	for _, r := range rows {
		out = append(out, RaceStats(r))
	}
	return out, err
}

// Who is in good standing: planets and population grew beyond their own start, at some
// turn each. Successors and those without a name to promote are not asked.
const selectGoodStanding = `SELECT m.user_id, m.race_name FROM memberships m JOIN player_turn_stats s ON s.game_id = m.game_id AND s.race_name = m.race_name
	WHERE m.game_id = $1 AND m.status = 'active' AND m.founding AND NOT m.successor
	GROUP BY m.user_id, m.race_name
	HAVING max(s.planets) > max(s.planets) FILTER (WHERE s.turn = 0) AND max(s.population) > max(s.population) FILTER (WHERE s.turn = 0)`

type standing struct {
	UserID   uuid.UUID `db:"user_id"`
	RaceName string    `db:"race_name"`
}

func (store) inGoodStanding(ctx context.Context, q pg.Querier, game uuid.UUID) ([]standing, error) {
	return pg.All[standing](ctx, q, selectGoodStanding, game)
}
