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

// life is one game and everything that can befall it.
type life struct {
	*table
	g    game.Game
	fake *fakeGame
	t    *rapid.T
	// foul: somebody changed the engine's turn behind our back
	foul bool
}

func TestWhateverBefallsAGameItsTurnsAreMadeOnce(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		require.NoError(t, flag.Set("rapid.checks", "40")) // each is a life of up to 25 events on a real database
	}
	w := newTable(t)
	rapid.Check(t, func(rt *rapid.T) {
		turns := hourly()
		turns.EarlyWhenReady = rapid.Bool().Draw(rt, "early")
		l := &life{table: w, g: w.game(turns, 2), t: rt}
		l.fake = w.engine.get(l.g.ID)
		for range rapid.IntRange(5, 25).Draw(rt, "events") {
			name := rapid.SampledFrom(eventNames).Draw(rt, "event")
			events[name](l)
			l.check(name)
		}
		l.heal()
		if w.lobby.peek(l.g.ID).State != game.Finished {
			w.move(l.g, game.Cancelled, game.EventCancelled) // later lives leave it alone
		}
	})
}

var eventNames = []string{"time passes", "deadline comes", "weeks pass", "clock goes back", "orders", "ready", "advance",
	"request is lost", "answer is lost", "record fails", "runner dies with the claim", "runner dies with the answer",
	"pause", "resume", "pause during generation", "engine is restored"}

var events = map[string]func(*life){
	"time passes":     func(l *life) { l.clock.Advance(7 * time.Minute); l.work() },
	"deadline comes":  func(l *life) { l.toDeadline(); l.work() },
	"weeks pass":      func(l *life) { l.clock.Advance(40 * 24 * time.Hour); l.work() },
	"clock goes back": func(l *life) { l.clock.Advance(-time.Hour); l.work() },
	"orders": func(l *life) {
		for _, seat := range l.lobby.seatsOf(l.g.ID) {
			_, _ = l.service.PutOrders(l.Context(), l.g.ID, seat.UserID, orderFor(l.clockOf(l.g).Turn)) // may be paused, or late
		}
	},
	"ready": func(l *life) {
		for _, seat := range l.lobby.seatsOf(l.g.ID) {
			_, _ = l.service.Ready(l.Context(), l.g.ID, seat.UserID, l.clockOf(l.g).Turn)
		}
		l.work()
	},
	"advance":                     func(l *life) { _, _ = l.service.Advance(l.Context(), l.g.ID, false); l.work() },
	"request is lost":             func(l *life) { l.fake.before = engine.ErrUnreachable; l.toDeadline(); l.work() },
	"answer is lost":              func(l *life) { l.fake.after = engine.ErrUnreachable; l.toDeadline(); l.work() },
	"record fails":                func(l *life) { l.lobby.fail = errors.New("no database"); l.toDeadline(); l.work(); l.lobby.fail = nil },
	"runner dies with the claim":  func(l *life) { l.die(false) },
	"runner dies with the answer": func(l *life) { l.die(true) },
	"pause": func(l *life) {
		if l.lobby.peek(l.g.ID).State == game.Running {
			l.move(l.g, game.Paused, game.EventPaused)
		}
	},
	"resume": func(l *life) {
		if l.lobby.peek(l.g.ID).State == game.Paused {
			l.move(l.g, game.Running, game.EventResumed)
			l.work()
		}
	},
	"pause during generation": func(l *life) {
		l.fake.during = func() { l.move(l.g, game.Paused, game.EventPaused) }
		l.toDeadline()
		l.work()
		l.fake.during = nil
	},
	"engine is restored": func(l *life) {
		if l.fake.turn > 1 {
			l.fake.turn, l.foul = l.fake.turn-2, true
			l.toDeadline()
			l.work()
		}
	},
}

func (l *life) toDeadline() {
	if at := l.clockOf(l.g).NextTurnAt; at != nil && at.After(l.clock.Now()) {
		l.clock.Set(*at)
	}
}

// work lets the runner do what it can, and holds it to never asking the engine
// of a game that is not running, and to one turn however late it is.
func (l *life) work() {
	before, puts := l.clockOf(l.g), l.puts()
	l.settle()
	after := l.clockOf(l.g)
	require.LessOrEqual(l.t, after.Turn-before.Turn, 1, "more than one turn caught up")
	if before.Status != pace.Running {
		require.Equal(l.t, puts, l.puts(), "the engine of a paused game was asked")
	}
}

func (l *life) puts() int {
	n := 0
	for _, times := range l.fake.puts {
		n += times
	}
	return n
}

// die claims whatever is due and goes no further, or no further than the answer.
// Its claim runs out.
func (l *life) die(asked bool) {
	l.toDeadline()
	_, err := l.runner.queueDue(l.Context(), l.clock.Now())
	require.NoError(l.t, err)
	claims, err := runQueue.Claim(l.Context(), l.db, l.clock.Now(), 8, time.Minute, nil)
	require.NoError(l.t, err)
	for _, c := range claims {
		run, err := store{}.run(l.Context(), l.db, c.Key)
		require.NoError(l.t, err)
		if asked && l.clockOf(l.g).Running() {
			_, _ = l.engine.Turn(context.WithoutCancel(l.Context()), run.GameID, run.Target())
		}
	}
	l.exec(`UPDATE turn_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE status = 'running'`)
}

func (l *life) check(event string) {
	c := l.clockOf(l.g)
	if !l.foul {
		require.Contains(l.t, []int{c.Turn, c.Turn + 1}, l.fake.turn, "the engine is elsewhere after: "+event)
		for turn, times := range l.fake.made {
			require.Equal(l.t, 1, times, fmt.Sprintf("turn %d was generated again after: %s", turn, event))
		}
	}
	told := map[string]int{}
	for _, in := range l.mail.of(notification.KindGameTurnReady) {
		if in.Payload["game_id"] == l.g.ID.String() {
			told[in.Key]++
		}
	}
	require.Len(l.t, told, c.Turn, "turns announced after: "+event)
	for key, times := range told {
		require.Equal(l.t, 1, times, key)
	}
	done := l.number(`SELECT count(*) FROM turn_runs WHERE game_id = $1 AND kind = 'turn' AND status = 'done'`, l.g.ID)
	require.EqualValues(l.t, c.Turn, done, "the ledger after: "+event)
	require.Empty(l.t, l.gate.held, "a lease was kept after: "+event)
	recorded := l.number(`SELECT current_turn FROM games WHERE game_id = $1`, l.g.ID)
	require.EqualValues(l.t, c.Turn, recorded, "lobby's snapshot after: "+event)
}

// heal: once nothing fails any more the game goes on by itself.
func (l *life) heal() {
	l.fake.before, l.fake.after = nil, nil
	if l.foul || l.lobby.peek(l.g.ID).State == game.Cancelled {
		return
	}
	if l.lobby.peek(l.g.ID).State == game.Paused {
		l.move(l.g, game.Running, game.EventResumed)
	}
	for range 3 {
		l.clock.Advance(2 * time.Hour)
		events["orders"](l)
		l.settle()
	}
	c := l.clockOf(l.g)
	require.Equal(l.t, c.Turn, l.fake.turn, "the record has caught up")
	l.check("healing")
}
