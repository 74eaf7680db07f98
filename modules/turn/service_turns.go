package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
)

// Made is a turn that exists, with what became of each race's orders for it.
type Made struct {
	Run      Run
	Outcomes []pace.Submission
}

// Progress is a game's turns as its players see them.
type Progress struct {
	Clock    pace.Clock
	Submissions []pace.Submission // of the turn under way
	Made     []Made         // newest first; one more than asked for when there are more
}

// Progress returns where a game stands and the turns below a number, for one of
// its members.
func (s *Service) Progress(ctx context.Context, game, user uuid.UUID, below, limit int) (Progress, error) {
	if _, _, err := s.member(ctx, game, user); err != nil {
		return Progress{}, err
	}
	var p Progress
	var err error
	if p.Clock, err = s.store.clock(ctx, s.db, game); err != nil {
		return Progress{}, err
	}
	if p.Submissions, err = s.store.submissions(ctx, s.db, p.Clock); err != nil {
		return Progress{}, fmt.Errorf("submissions of game %s: %w", game, err)
	}
	runs, err := s.store.completedRuns(ctx, s.db, game, p.Clock.Epoch, below, limit)
	if err != nil || len(runs) == 0 {
		return p, err
	}
	first, last := runs[len(runs)-1].Target(), runs[0].Target()
	past, err := s.store.submissionsBetween(ctx, s.db, game, p.Clock.Epoch, first-1, last-1)
	if err != nil {
		return Progress{}, fmt.Errorf("outcomes of game %s: %w", game, err)
	}
	for _, r := range runs {
		m := Made{Run: r, Outcomes: []pace.Submission{}}
		for _, o := range past {
			if o.Turn == r.Target()-1 {
				m.Outcomes = append(m.Outcomes, o)
			}
		}
		p.Made = append(p.Made, m)
	}
	return p, nil
}

// Expectations says what games expect of a user. It implements
// lobby.Expectation, and hangs on the store for the reason the Observer does.
type Expectations struct {
	db     *pg.DB
	ledger Ledger
	store  store
}

// NewExpectations makes the hook that lobby asks.
func NewExpectations(db *pg.DB, l Ledger) *Expectations { return &Expectations{db: db, ledger: l} }

// Name implements lobby.Expectation.
func (e *Expectations) Name() string { return "turn" }

// Expected implements lobby.Expectation with one query for all games. A game
// that stands still expects nothing, nor does one that the user does not play.
func (e *Expectations) Expected(ctx context.Context, user uuid.UUID, games []uuid.UUID) (map[uuid.UUID]lobby.Expect, error) {
	var played []uuid.UUID
	var races []string
	for _, game := range games {
		seats, err := e.ledger.Seats(ctx, game)
		if err != nil {
			return nil, fmt.Errorf("seats of game %s: %w", game, err)
		}
		for _, seat := range seats {
			if seat.UserID == user && seat.Status == lobby.Active {
				played, races = append(played, game), append(races, seat.RaceName)
			}
		}
	}
	if len(played) == 0 {
		return map[uuid.UUID]lobby.Expect{}, nil
	}
	rows, err := e.store.expected(ctx, e.db, played, races)
	if err != nil {
		return nil, fmt.Errorf("what games expect of user %s: %w", user, err)
	}
	out := make(map[uuid.UUID]lobby.Expect, len(rows))
	for _, r := range rows {
		out[r.GameID] = lobby.Expect{Submitted: r.Submitted, Ready: r.Ready, Deadline: r.NextTurnAt}
	}
	return out, nil
}
