package turn

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func orders(turn int) enginev1.OrderRequest {
	return enginev1.OrderRequest{Turn: turn, Orders: []enginev1.Order{enginev1.Merge()}}
}

func TestOrdersGoToTheCallersRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	in := orders(0)
	in.RaceName = "Race0" // whatever the client claims
	res, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 1), in)
	require.NoError(t, err)
	require.Equal(t, "Race1", res.RaceName)
	require.Equal(t, "Race1", f.engine.game(g.ID).orders.RaceName)
	list, err := f.service.Orders(t.Context(), g.ID, f.user(g, 1))
	require.NoError(t, err)
	require.Equal(t, in.Orders, list.Orders)
	list, err = f.service.Orders(t.Context(), g.ID, f.user(g, 0))
	require.NoError(t, err)
	require.Empty(t, list.Orders)
	require.NotNil(t, list.Orders)
}

func TestOrdersAreRefusedOutOfPlay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	put := func(user uuid.UUID, turn int) error {
		_, err := f.service.PutOrders(t.Context(), g.ID, user, orders(turn))
		return err
	}
	require.ErrorIs(t, put(uuid.New(), 0), game.ErrNotMember)
	err := put(f.user(g, 0), 12)
	require.ErrorIs(t, err, ErrTurnMismatch)
	require.Equal(t, 0, fault.From(err).Details["current_turn"])
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	require.ErrorIs(t, put(f.user(g, 1), 0), ErrNotPlaying)
	_, err = f.service.Report(t.Context(), g.ID, f.user(g, 1), nil, "", "")
	require.ErrorIs(t, err, ErrNotPlaying, "a former member sees nothing more")
	f.setState(g, game.Paused, game.EventPaused)
	err = put(f.user(g, 0), 0)
	require.ErrorIs(t, err, ErrState)
	require.Equal(t, game.Paused, fault.From(err).Details["state"])
	_, err = f.service.Report(t.Context(), g.ID, f.user(g, 0), nil, "", "")
	require.NoError(t, err, "a paused game can be looked at")
}

func TestOrdersDuringGenerationAreForTheNewTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	fake := f.engine.game(g.ID)
	fake.during = func() { // the engine is ahead, the record is not written
		fake.mu.Unlock()
		defer fake.mu.Lock()
		_, err := f.service.PutOrders(context.Background(), g.ID, f.user(g, 0), orders(0))
		require.ErrorIs(t, err, ErrTurnMismatch)
		require.Equal(t, 1, fault.From(err).Details["current_turn"])
		_, err = f.service.PutOrders(context.Background(), g.ID, f.user(g, 0), orders(1))
		require.NoError(t, err)
	}
	f.clock.Advance(time.Hour)
	f.run()
	p, err := f.service.Progress(t.Context(), g.ID, f.user(g, 0), 100, 10)
	require.NoError(t, err)
	require.Equal(t, 1, p.Clock.Turn)
	require.True(t, p.Submissions[0].Submitted(), "the submission was not lost")
}

func TestOrdersCostOneTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	before := f.db.Traffic()
	_, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(0))
	require.NoError(t, err)
	require.EqualValues(t, 1, f.db.Traffic().RoundTrips-before.RoundTrips)
}

func TestCommandIDIsTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	member := game.Membership{GameID: uuid.New(), RaceName: "Zorg"}
	key := uuid.NewString()
	id, err := commandID(member, key)
	require.NoError(t, err)
	require.Equal(t, key, id.String())
	one, _ := commandID(member, "retry-1")
	two, _ := commandID(member, "retry-1")
	require.Equal(t, one, two)
	member.RaceName = "Vogons"
	other, _ := commandID(member, "retry-1")
	require.NotEqual(t, one, other)
	a, _ := commandID(member, "")
	b, _ := commandID(member, "")
	require.NotEqual(t, a, b)
}

func TestCommandCountsAsActivity(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	command := json.RawMessage(`{"type":"relation.set","race":"*","relation":"peace"}`)
	res, err := f.service.Command(t.Context(), g.ID, f.user(g, 0), 0, "k", command)
	require.NoError(t, err)
	require.Equal(t, enginev1.CommandApplied, res.Status)
	expected, err := NewExpectations(f.db, f.games).Expected(t.Context(), f.user(g, 0), []uuid.UUID{g.ID, uuid.New()})
	require.NoError(t, err)
	deadline := noon.Add(time.Hour)
	require.Equal(t, map[uuid.UUID]game.Expect{g.ID: {Submitted: true, Deadline: &deadline}}, expected)
}

func TestOrdersThatTheEngineDoesNotStoreAreNoSubmission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).refuseOrders = true
	res, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(0))
	require.NoError(t, err)
	require.False(t, res.Stored)
	require.False(t, f.submissionsOf(g)[0].Submitted())

	f.engine.game(g.ID).refuseOrders = false
	f.submit(g, 0)
	require.True(t, f.submissionsOf(g)[0].Submitted())
}

func TestRepeatedCommandCountsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	give := func(key string) enginev1.CommandResponse {
		res, err := f.service.Command(t.Context(), g.ID, f.user(g, 0), 0, key, json.RawMessage(`{"type":"vote.set"}`))
		require.NoError(t, err)
		return res
	}
	require.False(t, give("once").Replayed)
	require.True(t, give("once").Replayed)
	require.Equal(t, 1, f.submissionsOf(g)[0].Commands)
	give("twice")
	require.Equal(t, 2, f.submissionsOf(g)[0].Commands)
}

func TestCommandIsRefusedWhereOrdersAre(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	give := func(user uuid.UUID, turn int) error {
		_, err := f.service.Command(t.Context(), g.ID, user, turn, "", json.RawMessage(`{}`))
		return err
	}
	require.ErrorIs(t, give(uuid.New(), 0), game.ErrNotMember)
	require.ErrorIs(t, give(f.user(g, 0), 1), ErrTurnMismatch)
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Blocked })
	require.ErrorIs(t, give(f.user(g, 1), 0), ErrNotPlaying)
	f.setState(g, game.Paused, game.EventPaused)
	require.ErrorIs(t, give(f.user(g, 0), 0), ErrState)
	require.Zero(t, f.submissionsOf(g)[0].Commands)
}

// The engine has no reports of a game that it does not have yet.
func TestGameThatHasNotStartedShowsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.games.changeGame(g.ID, func(g *game.Game) { g.State, g.StartedAt = game.Starting, nil })
	_, err := f.service.Report(t.Context(), g.ID, f.user(g, 0), nil, "", "")
	require.ErrorIs(t, err, ErrState)
	require.Equal(t, game.Starting, fault.From(err).Details["state"])
	_, err = f.service.Orders(t.Context(), g.ID, f.user(g, 0))
	require.ErrorIs(t, err, ErrState)
	_, err = f.service.Progress(t.Context(), g.ID, f.user(g, 0), 100, 10)
	require.ErrorIs(t, err, ErrState)
}

func TestOrdersSayWhenTheReportCannotBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failReport = engine.ErrUnreachable
	_, err := f.service.Orders(t.Context(), g.ID, f.user(g, 0))
	require.ErrorIs(t, err, engine.ErrUnreachable)
	f.engine.game(g.ID).failReport, f.engine.game(g.ID).reportBody = nil, []byte("<html>")
	_, err = f.service.Orders(t.Context(), g.ID, f.user(g, 0))
	require.ErrorIs(t, err, engine.ErrBadResponse)
}

func TestMovesFailWhenTheSeatCannotBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	down := errors.New("connection lost")
	f.games.failReads(down)
	_, err := f.service.PutOrders(t.Context(), g.ID, f.user(g, 0), orders(0))
	require.ErrorIs(t, err, down)
	_, err = f.service.Ready(t.Context(), g.ID, f.user(g, 0), 0)
	require.ErrorIs(t, err, down)
	require.Empty(t, f.engine.game(g.ID).orders.Orders, "the engine was not asked")
}

// A submission names who sent it, not who plays the race by now.
func TestSubmissionNamesWhoSentIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	first, second := f.user(g, 0), uuid.Must(uuid.NewV7())
	f.submit(g, 0)
	require.Equal(t, first, f.submissionsOf(g)[0].UserID)
	f.games.changeMember(g.ID, 0, func(s *game.Membership) { s.UserID = second })
	require.Equal(t, first, f.submissionsOf(g)[0].UserID)
	f.submit(g, 0)
	require.Equal(t, second, f.submissionsOf(g)[0].UserID)
}
