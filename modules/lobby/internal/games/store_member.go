package games

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const seatColumns = ` game_id, user_id, race_name, status, reason, founding, successor, vacant, offered_at, joined_at, ended_at `

const selectSeats = `SELECT` + seatColumns + `FROM memberships WHERE game_id = $1 ORDER BY joined_at, user_id`

// Seats are all memberships of a game, first come first.
func (Store) Seats(ctx context.Context, q pg.Querier, game uuid.UUID) ([]Seat, error) {
	return pg.All[Seat](ctx, q, selectSeats, game)
}

const selectLiveSeats = `SELECT` + seatColumns + `FROM memberships WHERE game_id = ANY($1) ORDER BY joined_at, user_id`

func (Store) seatsOf(ctx context.Context, q pg.Querier, games []uuid.UUID) ([]Seat, error) {
	return pg.All[Seat](ctx, q, selectLiveSeats, games)
}

const selectSeat = `SELECT` + seatColumns + `FROM memberships WHERE game_id = $1 AND user_id = $2`

// Seat reads one membership.
func (Store) Seat(ctx context.Context, q pg.Querier, game, user uuid.UUID) (Seat, error) {
	s, err := pg.Get[Seat](ctx, q, selectSeat, game, user)
	return s, NotFound(err)
}

const insertSeat = `INSERT INTO memberships (game_id, user_id, race_name, status, founding, successor, joined_at)
	VALUES ($1, $2, $3, 'active', $4, $5, $6)`

// InsertSeat makes an active membership.
func (Store) InsertSeat(tx *pg.Tx, s Seat) {
	tx.Queue(insertSeat, s.GameID, s.UserID, s.RaceName, s.Founding, s.Successor, s.JoinedAt)
}

const endSeat = `UPDATE memberships SET status = $3, reason = $4, ended_at = coalesce(ended_at, $5), vacant = false, offered_at = NULL
	WHERE game_id = $1 AND user_id = $2`

// EndSeat ends a membership; one that has ended keeps its time.
func (Store) EndSeat(tx *pg.Tx, game, user uuid.UUID, status, reason string, at time.Time) {
	tx.Queue(endSeat, game, user, status, reason, at)
}

const deleteSeat = `DELETE FROM memberships WHERE game_id = $1 AND user_id = $2`

// DeleteSeat forgets a membership.
func (Store) DeleteSeat(tx *pg.Tx, game, user uuid.UUID) { tx.Queue(deleteSeat, game, user) }

const markFounding = `UPDATE memberships SET founding = true WHERE game_id = $1 AND status = 'active'`

func (Store) markFounding(tx *pg.Tx, game uuid.UUID) { tx.Queue(markFounding, game) }

const markVacant = `UPDATE memberships SET vacant = $3, offered_at = CASE WHEN $3 THEN offered_at END
	WHERE game_id = $1 AND race_name = $2 AND status = 'active'`

func (Store) markVacant(tx *pg.Tx, game uuid.UUID, race string, vacant bool) {
	tx.Queue(markVacant, game, race, vacant)
}

const markOffered = `UPDATE memberships SET offered_at = $3 WHERE game_id = $1 AND user_id = $2`

// MarkOffered puts a seat up.
func (Store) MarkOffered(tx *pg.Tx, s Seat, at time.Time) {
	tx.Queue(markOffered, s.GameID, s.UserID, at)
}

// Standing is what counts when somebody wants to sit down. The account is
// locked, so its counts can only fall.
type Standing struct {
	Membership string `db:"standing_membership"` // a status, or empty
	Invited    bool   `db:"standing_invited"`
	Active     int    `db:"standing_active"`  // memberships in live games
	Pending    int    `db:"standing_pending"` // applications
}

// StandingColumns is what a Standing is read from: of the game g and of whoever
// who.user_id names.
const StandingColumns = `, coalesce((SELECT m.status FROM memberships m WHERE m.game_id = g.game_id AND m.user_id = who.user_id), '') AS standing_membership,
	EXISTS (SELECT FROM invites i WHERE i.game_id = g.game_id AND i.user_id = who.user_id AND i.state = 'pending') AS standing_invited,
	(SELECT count(*) FROM memberships m JOIN games l USING (game_id)
		WHERE m.user_id = who.user_id AND m.status = 'active' AND l.state NOT IN ('finished', 'cancelled')) AS standing_active,
	(SELECT count(*) FROM applications a WHERE a.user_id = who.user_id AND a.state = 'pending') AS standing_pending`

// Candidate is a locked game and how somebody stands to it.
type Candidate struct {
	Game
	Standing
}

// Locks the game. Nothing of the standing needs to be newer than the lock: what
// others can change about it meanwhile refuses either way.
const selectCandidate = `SELECT` + GameColumns + StandingColumns + `
	FROM games g CROSS JOIN (SELECT $2::uuid AS user_id) who WHERE g.game_id = $1 FOR UPDATE OF g`

// Candidate locks a game and says how a user stands to it.
func (Store) Candidate(ctx context.Context, tx *pg.Tx, game, user uuid.UUID) (Candidate, error) {
	c, err := pg.Get[Candidate](ctx, tx, selectCandidate, game, user)
	return c, NotFound(err)
}

const upsertStats = `INSERT INTO player_turn_stats (game_id, race_name, turn, state, planets, ships, population, industry, votes, idle_turns)
	SELECT $1, r.race_name, $2, r.state, r.planets, r.ships, r.population, r.industry, r.votes, r.idle_turns
	FROM unnest($3::text[], $4::text[], $5::int[], $6::int[], $7::float8[], $8::float8[], $9::float8[], $10::int[])
		AS r(race_name, state, planets, ships, population, industry, votes, idle_turns)
	ON CONFLICT (game_id, race_name, turn) DO UPDATE SET state = excluded.state, planets = excluded.planets, ships = excluded.ships,
		population = excluded.population, industry = excluded.industry, votes = excluded.votes, idle_turns = excluded.idle_turns`

func (Store) upsertStats(tx *pg.Tx, game uuid.UUID, turn int, races []RaceStats) {
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

const deleteStatsAfter = `DELETE FROM player_turn_stats WHERE game_id = $1 AND turn > $2`

func (Store) deleteStatsAfter(tx *pg.Tx, game uuid.UUID, turn int) {
	tx.Queue(deleteStatsAfter, game, turn)
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

func (Store) stats(ctx context.Context, q pg.Querier, game uuid.UUID, turn int) ([]RaceStats, error) {
	rows, err := pg.All[statsRow](ctx, q, selectStats, game, turn)
	out := make([]RaceStats, 0, len(rows))
	for _, r := range rows {
		out = append(out, RaceStats(r))
	}
	return out, err
}

// Who is capable: planets and population grew beyond their own start, at some
// turn each. Successors and those without a name to promote are not asked.
const selectCapable = `SELECT m.user_id, m.race_name FROM memberships m JOIN player_turn_stats s ON s.game_id = m.game_id AND s.race_name = m.race_name
	WHERE m.game_id = $1 AND m.status = 'active' AND m.founding AND NOT m.successor
	GROUP BY m.user_id, m.race_name
	HAVING max(s.planets) > max(s.planets) FILTER (WHERE s.turn = 0) AND max(s.population) > max(s.population) FILTER (WHERE s.turn = 0)`

type capable struct {
	UserID   uuid.UUID `db:"user_id"`
	RaceName string    `db:"race_name"`
}

func (Store) capable(ctx context.Context, q pg.Querier, game uuid.UUID) ([]capable, error) {
	return pg.All[capable](ctx, q, selectCapable, game)
}
