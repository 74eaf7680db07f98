package turn

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/turn/pace"
)

// CompletedTurn is a turn that was made, with what became of each race's orders
// for it.
type CompletedTurn struct {
	Run         Run
	Submissions []pace.Submission
}

// Progress is a game's turns as its players see them.
type Progress struct {
	Clock       pace.Clock
	Submissions []pace.Submission // of the turn under way
	Completed   []CompletedTurn   // newest first
}

// Progress returns where a game stands and at most limit turns below a number,
// for one of its members.
func (s *Service) Progress(ctx context.Context, gameID, user uuid.UUID, below, limit int) (Progress, error) {
	if _, err := s.findMember(ctx, gameID, user); err != nil {
		return Progress{}, err
	}
	var p Progress
	var err error
	if p.Clock, err = s.store.clock(ctx, s.db, gameID); err != nil {
		return Progress{}, err
	}
	if p.Submissions, err = s.store.submissions(ctx, s.db, p.Clock); err != nil {
		return Progress{}, fmt.Errorf("submissions of game %s: %w", gameID, err)
	}
	runs, err := s.store.completedRuns(ctx, s.db, gameID, p.Clock.Epoch, below, limit)
	if err != nil || len(runs) == 0 {
		return p, err
	}
	first, last := runs[len(runs)-1].Target(), runs[0].Target()
	past, err := s.store.submissionsBetween(ctx, s.db, p.Clock, first-1, last-1)
	if err != nil {
		return Progress{}, fmt.Errorf("outcomes of game %s: %w", gameID, err)
	}
	for _, r := range runs {
		p.Completed = append(p.Completed, CompletedTurn{Run: r, Submissions: submissionsFor(r, past)})
	}
	return p, nil
}

// submissionsFor picks those that were executed when r made its turn.
func submissionsFor(r Run, all []pace.Submission) []pace.Submission {
	out := []pace.Submission{}
	for _, s := range all {
		if s.Turn == r.Target()-1 {
			out = append(out, s)
		}
	}
	return out
}
