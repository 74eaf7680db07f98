package turn

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
)

// scenario is one game and everything that can happen to it.
type scenario struct {
	*fixture
	g      game.Game
	engine *fakeEngineGame
	t      *rapid.T
	// tampered: somebody else changed the engine's turn
	tampered bool
}

func TestTurnsAreMadeOnceWhateverHappens(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, flag.Set("rapid.checks", "40")) // each is up to 25 events on a real database
	}
	f := newFixture(t)
	rapid.Check(t, func(rt *rapid.T) {
		turns := hourly()
		turns.EarlyWhenReady = rapid.Bool().Draw(rt, "early")
		s := &scenario{fixture: f, g: f.startGame(turns, 2), t: rt}
		s.engine = f.engine.game(s.g.ID)
		for range rapid.IntRange(5, 25).Draw(rt, "events") {
			name := rapid.SampledFrom(eventNames).Draw(rt, "event")
			events[name](s)
			s.check(name)
		}
		s.recover()
		if s.state() != game.Finished {
			f.setState(s.g, game.Cancelled, game.EventCancelled) // later scenarios leave it alone
		}
	})
}

var eventNames = []string{
	"time passes", "deadline comes", "weeks pass", "clock goes back", "orders", "ready", "advance",
	"request is lost", "answer is lost", "record fails", "runner ends with the claim", "runner ends with the answer",
	"pause", "resume", "pause during generation", "engine is rolled back",
}

var events = map[string]func(*scenario){
	"time passes":     func(s *scenario) { s.clock.Advance(7 * time.Minute); s.work() },
	"deadline comes":  func(s *scenario) { s.toDeadline(); s.work() },
	"weeks pass":      func(s *scenario) { s.clock.Advance(40 * 24 * time.Hour); s.work() },
	"clock goes back": func(s *scenario) { s.clock.Advance(-time.Hour); s.work() },
	"orders":          (*scenario).tryOrders,
	"ready":           (*scenario).tryReady,
	"advance": func(s *scenario) {
		_, _ = s.service.Advance(s.Context(), s.g.ID, false) // may be paused
		s.work()
	},
	"request is lost": func(s *scenario) { s.engine.failBefore = engine.ErrUnreachable; s.toDeadline(); s.work() },
	"answer is lost":  func(s *scenario) { s.engine.failAfter = engine.ErrUnreachable; s.toDeadline(); s.work() },
	"record fails": func(s *scenario) {
		s.games.failRecord = errors.New("no database")
		s.toDeadline()
		s.work()
		s.games.failRecord = nil
	},
	"runner ends with the claim":  func(s *scenario) { s.loseRunner(false) },
	"runner ends with the answer": func(s *scenario) { s.loseRunner(true) },
	"pause": func(s *scenario) {
		if s.state() == game.Running {
			s.setState(s.g, game.Paused, game.EventPaused)
		}
	},
	"resume": func(s *scenario) {
		if s.state() == game.Paused {
			s.setState(s.g, game.Running, game.EventResumed)
			s.work()
		}
	},
	"pause during generation": func(s *scenario) {
		s.engine.during = func() { s.setState(s.g, game.Paused, game.EventPaused) }
		s.toDeadline()
		s.work()
		s.engine.during = nil
	},
	"engine is rolled back": func(s *scenario) {
		if s.engine.turn > 1 {
			s.engine.turn, s.tampered = s.engine.turn-2, true
			s.toDeadline()
			s.work()
		}
	},
}

func (s *scenario) state() game.State { return s.games.game(s.g.ID).State }

// tryOrders may come while the game is paused, or late.
func (s *scenario) tryOrders() {
	for _, seat := range s.games.members(s.g.ID) {
		_, _ = s.service.PutOrders(s.Context(), s.g.ID, seat.UserID, orders(s.clockOf(s.g).Turn))
	}
}

func (s *scenario) tryReady() {
	for _, seat := range s.games.members(s.g.ID) {
		_, _ = s.service.Ready(s.Context(), s.g.ID, seat.UserID, s.clockOf(s.g).Turn)
	}
	s.work()
}

func (s *scenario) toDeadline() {
	if at := s.clockOf(s.g).NextTurnAt; at != nil && at.After(s.clock.Now()) {
		s.clock.Set(*at)
	}
}

// work lets the runner do what it can. It must never ask the engine of a game
// that is not running, nor make more than one turn however late it is.
func (s *scenario) work() {
	before, requests := s.clockOf(s.g), s.requests()
	s.run()
	after := s.clockOf(s.g)
	require.LessOrEqual(s.t, after.Turn-before.Turn, 1, "more than one turn caught up")
	if before.Status != pace.Running {
		require.Equal(s.t, requests, s.requests(), "the engine of a paused game was asked")
	}
}

func (s *scenario) requests() int {
	n := 0
	for _, times := range s.engine.requested {
		n += times
	}
	return n
}

// loseRunner claims whatever is due and goes no further, or no further than the
// engine's answer. The claim runs out.
func (s *scenario) loseRunner(asked bool) {
	s.toDeadline()
	for _, c := range s.claim() {
		if a := s.attempt(c); asked && a.clock.Running() {
			_, _ = s.fixture.engine.Turn(context.WithoutCancel(s.Context()), a.run.GameID, a.run.Target())
		}
	}
	s.expireClaims()
}

func (s *scenario) check(event string) {
	c := s.clockOf(s.g)
	if !s.tampered {
		require.Contains(s.t, []int{c.Turn, c.Turn + 1}, s.engine.turn, "the engine is elsewhere after: "+event)
		for turn, times := range s.engine.generated {
			require.Equal(s.t, 1, times, fmt.Sprintf("turn %d was generated again after: %s", turn, event))
		}
	}
	announced := map[string]int{}
	for _, in := range s.notifier.Intents(notification.KindGameTurnReady) {
		if in.Payload.(notification.GameTurnReady).GameRef == s.g.Ref() {
			announced[in.Key]++
		}
	}
	require.Len(s.t, announced, c.Turn, "turns announced after: "+event)
	for key, times := range announced {
		require.Equal(s.t, 1, times, key)
	}
	done := s.count(`SELECT count(*) FROM turn_runs WHERE game_id = $1 AND kind = 'turn' AND status = 'done'`, s.g.ID)
	require.EqualValues(s.t, c.Turn, done, "completed runs after: "+event)
	require.False(s.t, s.leaser.isHeld(s.g.ID), "a lease was kept after: "+event)
	recorded := s.count(`SELECT current_turn FROM games WHERE game_id = $1`, s.g.ID)
	require.EqualValues(s.t, c.Turn, recorded, "the game's snapshot after: "+event)
}

// recover: once nothing fails any more the game goes on by itself.
func (s *scenario) recover() {
	s.engine.failBefore, s.engine.failAfter = nil, nil
	if s.tampered || s.state() == game.Cancelled {
		return
	}
	if s.state() == game.Paused {
		s.setState(s.g, game.Running, game.EventResumed)
	}
	for range 3 {
		s.clock.Advance(2 * time.Hour)
		s.tryOrders()
		s.run()
	}
	require.Equal(s.t, s.clockOf(s.g).Turn, s.engine.turn, "the record has caught up")
	s.check("recovery")
}
