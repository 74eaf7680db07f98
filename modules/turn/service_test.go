package turn

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func orderFor(turn int) enginev1.OrderRequest {
	return enginev1.OrderRequest{Turn: turn, Orders: []enginev1.Order{enginev1.Merge()}}
}

func TestOrdersGoToTheCallersRace(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	in := orderFor(0)
	in.RaceName = "Race0" // whatever the client claims
	res, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, 1), in)
	require.NoError(t, err)
	require.Equal(t, "Race1", res.RaceName)
	require.Equal(t, "Race1", w.engine.get(g.ID).orders.RaceName)
	list, err := w.service.Orders(t.Context(), g.ID, w.user(g, 1))
	require.NoError(t, err)
	require.Equal(t, in.Orders, list.Orders)
	list, err = w.service.Orders(t.Context(), g.ID, w.user(g, 0))
	require.NoError(t, err)
	require.Empty(t, list.Orders)
	require.NotNil(t, list.Orders)
}

func TestOrdersAreRefusedOutOfPlay(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	put := func(user uuid.UUID, turn int) error {
		_, err := w.service.PutOrders(t.Context(), g.ID, user, orderFor(turn))
		return err
	}
	require.ErrorIs(t, put(uuid.New(), 0), game.ErrNotMember)
	err := put(w.user(g, 0), 12)
	require.ErrorIs(t, err, ErrTurnMismatch)
	require.Equal(t, 0, fault.From(err).Details["current_turn"])
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	require.ErrorIs(t, put(w.user(g, 1), 0), ErrNotPlaying)
	_, err = w.service.Report(t.Context(), g.ID, w.user(g, 1), nil, "", "")
	require.ErrorIs(t, err, ErrNotPlaying, "a former member sees nothing more")
	w.move(g, game.Paused, game.EventPaused)
	err = put(w.user(g, 0), 0)
	require.ErrorIs(t, err, ErrState)
	require.Equal(t, game.Paused, fault.From(err).Details["state"])
	_, err = w.service.Report(t.Context(), g.ID, w.user(g, 0), nil, "", "")
	require.NoError(t, err, "a paused game can be looked at")
}

func TestOrdersDuringGenerationAreForTheNewTurn(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	fake := w.engine.get(g.ID)
	fake.during = func() { // the engine is ahead, the record is not written
		fake.mu.Unlock()
		defer fake.mu.Lock()
		_, err := w.service.PutOrders(context.Background(), g.ID, w.user(g, 0), orderFor(0))
		require.ErrorIs(t, err, ErrTurnMismatch)
		require.Equal(t, 1, fault.From(err).Details["current_turn"])
		_, err = w.service.PutOrders(context.Background(), g.ID, w.user(g, 0), orderFor(1))
		require.NoError(t, err)
	}
	w.clock.Advance(time.Hour)
	w.settle()
	p, err := w.service.Progress(t.Context(), g.ID, w.user(g, 0), 100, 10)
	require.NoError(t, err)
	require.Equal(t, 1, p.Clock.Turn)
	require.True(t, p.Submissions[0].Submitted(), "the submission was not lost")
}

func TestOrdersCostOneTransaction(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	before := w.db.Traffic()
	_, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), orderFor(0))
	require.NoError(t, err)
	require.EqualValues(t, 1, w.db.Traffic().RoundTrips-before.RoundTrips)
}

func TestCommandIDIsTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	seat := game.Membership{GameID: uuid.New(), RaceName: "Zorg"}
	key := uuid.NewString()
	id, err := commandID(seat, key)
	require.NoError(t, err)
	require.Equal(t, key, id.String())
	one, _ := commandID(seat, "retry-1")
	two, _ := commandID(seat, "retry-1")
	require.Equal(t, one, two)
	seat.RaceName = "Vogons"
	other, _ := commandID(seat, "retry-1")
	require.NotEqual(t, one, other)
	a, _ := commandID(seat, "")
	b, _ := commandID(seat, "")
	require.NotEqual(t, a, b)
}

func TestCommandCountsAsActivity(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	res, err := w.service.Command(t.Context(), g.ID, w.user(g, 0), 0, "k", json.RawMessage(`{"type":"relation.set","race":"*","relation":"peace"}`))
	require.NoError(t, err)
	require.Equal(t, enginev1.CommandApplied, res.Status)
	expected, err := NewExpectations(w.db, w.lobby).Expected(t.Context(), w.user(g, 0), []uuid.UUID{g.ID, uuid.New()})
	require.NoError(t, err)
	deadline := noon.Add(time.Hour)
	require.Equal(t, map[uuid.UUID]game.Expect{g.ID: {Submitted: true, Deadline: &deadline}}, expected)
}

func TestLastOneReadyMakesAnEarlyTurn(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := w.game(turns, 2)
	r, err := w.service.Ready(t.Context(), g.ID, w.user(g, 0), 0)
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 0, Ready: true, Awaited: 2, NotReady: 1}, r)
	r, err = w.service.Withdraw(t.Context(), g.ID, w.user(g, 0))
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 0, Awaited: 2, NotReady: 2}, r)
	for i := range 2 {
		_, err = w.service.Ready(t.Context(), g.ID, w.user(g, i), 0)
		require.NoError(t, err)
	}
	w.clock.Advance(10 * time.Minute)
	w.settle()
	c := w.clockOf(g)
	require.Equal(t, 1, c.Turn)
	require.Equal(t, w.clock.Now().Add(time.Hour), *c.NextTurnAt)
	require.Equal(t, CauseReady, w.runsOf(g)[0].Cause)
	_, err = w.service.Ready(t.Context(), g.ID, w.user(g, 0), 0)
	require.ErrorIs(t, err, ErrTurnMismatch)
	require.Equal(t, 1, fault.From(err).Details["current_turn"])
}

// Each of two transactions would see the other one not ready.
func TestTwoPlayersReadyAtOnceMakeOneTurn(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := schedule.Settings{Mode: schedule.Manual, EarlyWhenReady: true}
	for range 5 {
		g := w.game(turns, 4)
		errs := make(chan error, 4)
		for i := range 4 {
			go func() {
				_, err := w.service.Ready(context.WithoutCancel(t.Context()), g.ID, w.user(g, i), 0)
				errs <- err
			}()
		}
		for range 4 {
			require.NoError(t, <-errs)
		}
		w.settle()
		require.Equal(t, 1, w.clockOf(g).Turn)
		require.Len(t, w.runsOf(g), 1)
	}
}

func TestChangedOrdersWithdrawReadiness(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	_, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), orderFor(0))
	require.NoError(t, err)
	_, err = w.service.Ready(t.Context(), g.ID, w.user(g, 0), 0)
	require.NoError(t, err)
	_, err = w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), orderFor(0))
	require.NoError(t, err)
	ready := func() bool {
		p, err := w.service.Progress(t.Context(), g.ID, w.user(g, 0), 100, 10)
		require.NoError(t, err)
		return p.Submissions[0].ReadyAt != nil
	}
	require.True(t, ready(), "the same list again changes nothing")
	_, err = w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), enginev1.OrderRequest{Turn: 0})
	require.NoError(t, err)
	require.False(t, ready())
}

func TestSeatsThatAreNotPlayedAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.EarlyWhenReady = true
	g := w.game(turns, 3)
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	w.lobby.reseat(g.ID, 2, func(s *game.Membership) { s.Vacant = true })
	_, err := w.service.Ready(t.Context(), g.ID, w.user(g, 0), 0)
	require.NoError(t, err)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

func TestOperatorAdvancesWithAndWithoutTheDeadline(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	ctx := operator(t)
	run, err := w.service.Advance(ctx, g.ID, true)
	require.NoError(t, err)
	require.Equal(t, "root", run.RequestedBy)
	again, err := w.service.Advance(ctx, g.ID, true)
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID, "the same run is the answer")
	w.clock.Advance(10 * time.Minute)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, noon.Add(time.Hour), *w.clockOf(g).NextTurnAt)
	_, err = w.service.Advance(ctx, g.ID, false)
	require.NoError(t, err)
	w.settle()
	require.Equal(t, 2, w.clockOf(g).Turn)
	require.Equal(t, w.clock.Now().Add(time.Hour), *w.clockOf(g).NextTurnAt)
	require.Len(t, w.audit.entries, 3)
	require.Equal(t, "game.turn.advance", w.audit.entries[0].Action)

	w.move(g, game.Paused, game.EventPaused)
	_, err = w.service.Advance(ctx, g.ID, false)
	require.ErrorIs(t, err, ErrState)
}

func TestRetryHurriesWhatWaits(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	_, err := w.service.Retry(t.Context(), g.ID)
	require.ErrorIs(t, err, ErrNoFailedRun)
	w.moves(g)
	w.engine.get(g.ID).before = engine.ErrBusy
	w.clock.Advance(time.Hour)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	_, err = w.service.Retry(t.Context(), g.ID)
	require.NoError(t, err)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	runs, err := w.service.RunsOfTurn(t.Context(), g.ID, 1)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	_, err = w.service.RunsOfTurn(t.Context(), g.ID, 2)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestOperatorBanishesARace(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	_, err := w.service.Banish(t.Context(), g.ID, "Nobody")
	require.ErrorIs(t, err, ErrRaceNotFound)
	run, err := w.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	again, err := w.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID)
	w.settle()
	require.Equal(t, []string{"Race1"}, w.engine.get(g.ID).banished)
}

func TestProgressShowsTurnsOutcomesAndTheDeadline(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	for turn := range 3 {
		_, err := w.service.PutOrders(t.Context(), g.ID, w.user(g, 0), orderFor(turn))
		require.NoError(t, err)
		w.clock.Advance(time.Hour)
		w.settle()
	}
	p, err := w.service.Progress(t.Context(), g.ID, w.user(g, 1), 100, 2)
	require.NoError(t, err)
	require.Equal(t, 3, p.Clock.Turn)
	require.Len(t, p.Completed, 2)
	require.Equal(t, 3, p.Completed[0].Run.Target())
	require.Equal(t, pace.Received, *p.Completed[0].Submissions[0].Outcome)
	require.Equal(t, pace.Missed, *p.Completed[0].Submissions[1].Outcome)
	p, err = w.service.Progress(t.Context(), g.ID, w.user(g, 1), 2, 2)
	require.NoError(t, err)
	require.Len(t, p.Completed, 1)
	_, err = w.service.Progress(t.Context(), g.ID, uuid.New(), 100, 2)
	require.ErrorIs(t, err, game.ErrNotMember)
}
