package notification

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"galaxy/backend/modules/push"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	notificationv1 "galaxy/backend/proto/notification/v1"
)

func TestEveryRecipientGetsARouteForEveryChannelOfTheKind(t *testing.T) {
	t.Parallel()
	anna, bob := uuid.New(), uuid.New()
	for _, c := range []struct {
		name       string
		payload    Payload
		recipients []uuid.UUID
		want       map[Channel]RouteStatus
	}{
		{"push and mail", GamePaused{GameRef: theGame, Reason: "user"}, []uuid.UUID{anna, bob},
			map[Channel]RouteStatus{Push: Published, Email: Pending}},
		{"push alone", RaceNameExpired{RaceName: "Zorg"}, []uuid.UUID{anna, bob},
			map[Channel]RouteStatus{Push: Published}},
		{"nobody", RaceNameExpired{RaceName: "Zorg"}, nil,
			map[Channel]RouteStatus{}},
		{"operators", ContainerMissing{GameID: theGame.ID}, nil,
			map[Channel]RouteStatus{AdminEmail: Pending}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
			f.submit(Intent{Key: "k", Recipients: c.recipients, Payload: c.payload})
			for _, channel := range []Channel{Push, Email, AdminEmail} {
				status, used := c.want[channel]
				rows, users := f.routes(channel), []uuid.UUID{}
				for _, r := range rows {
					require.Equal(t, status, r.Status)
					require.Equal(t, status == Pending, r.Settled == nil, "what is not pending is settled from the start")
					if r.UserID != nil {
						users = append(users, *r.UserID)
					}
				}
				switch {
				case !used:
					require.Empty(t, rows)
				case channel == AdminEmail:
					require.Len(t, rows, 1)
					require.Empty(t, users, "operators are no users")
				default:
					require.ElementsMatch(t, c.recipients, users)
				}
			}
			require.Equal(t, len(c.recipients), f.count(`SELECT count(*) FROM notification_recipients`))
		})
	}
}

func TestARecipientWhoIsNamedTwiceIsToldOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	f.submit(turnReady("k", anna, f.newUser("bob"), anna))
	require.Len(t, f.pusher.Published(), 2)
	require.Len(t, f.routes(Push), 2)
	require.Len(t, f.routes(Email), 2)
}

func TestTheSameKindAndKeyAgainChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := f.newUser("anna"), f.newUser("bob")
	f.submit(turnReady("k", anna))
	again := turnReady("k", anna, bob)
	again.Payload = GameTurnReady{GameRef: theGame, Turn: 4}
	f.submit(again)
	require.Len(t, f.pusher.Published(), 1)
	require.Len(t, f.routes(Email), 1)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM notifications WHERE payload->>'turn' = '3'`))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM notification_recipients`))
}

func TestTheSameKeyOfAnotherKindIsAnotherNotification(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	finished := GameFinished{GameRef: theGame, Turn: 3}
	f.submit(turnReady("k", anna), Intent{Key: "k", Recipients: []uuid.UUID{anna}, Payload: finished})
	require.Len(t, f.pusher.Published(), 2)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM notifications`))
}

func TestOneOfManyConcurrentSubmitsWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { f.submit(turnReady("k", anna)) })
	}
	wg.Wait()
	require.Len(t, f.pusher.Published(), 1)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM notifications`))
}

func TestNothingLeavesATransactionThatFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	notRecorded := errors.New("the turn was not recorded")
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, f.service.Submit(ctx, tx, turnReady("k", anna)))
		require.NoError(t, f.service.Submit(ctx, tx, turnReady("", anna)))
		return notRecorded
	})
	require.ErrorIs(t, err, notRecorded)
	require.Empty(t, f.pusher.Published())
	require.Empty(t, f.mailDue.C())
	require.Zero(t, f.count(`SELECT count(*) FROM notifications`))
	require.Zero(t, f.count(`SELECT count(*) FROM notification_malformed`))
	require.Empty(t, f.logs.All())
	f.submit(turnReady("k", anna))
	require.Len(t, f.pusher.Published(), 1, "the key is free")
}

func TestSubmitReportsWhatTheDatabaseSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1/0`)
		require.Error(t, err)
		err = f.service.Submit(ctx, tx, turnReady("k", uuid.New()))
		require.ErrorContains(t, err, "insert notification game.turn.ready")
		return err
	})
	require.Error(t, err)
}

func TestAFreshKeyCostsNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := turnReady("k", f.newUser("anna"), f.newUser("bob"))
	in.Fresh = true
	before := f.db.Traffic()
	f.submit(in)
	require.EqualValues(t, 1, f.db.Traffic().RoundTrips-before.RoundTrips)
	require.Equal(t, 4, f.count(`SELECT count(*) FROM notification_routes`))
}

func TestMailIsDueOnlyWhenARouteWaitsForIt(t *testing.T) {
	t.Parallel()
	pushAlone := Intent{Key: "k", Recipients: []uuid.UUID{uuid.New()}, Payload: RaceNameExpired{RaceName: "Zorg"}}
	for _, c := range []struct {
		name  string
		admin string
		in    Intent
		want  int
	}{
		{"for users", "", turnReady("k", uuid.New()), 1},
		{"for nobody", "", turnReady("k"), 0},
		{"by push alone", "", pushAlone, 0},
		{"for operators", "ops@example.com", imagePullFailed("k"), 1},
		{"for operators without an address", "", imagePullFailed("k"), 0},
		{"malformed", "", turnReady("", uuid.New()), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, Config{AdminEmail: c.admin})
			f.submit(c.in)
			require.Len(t, f.mailDue.C(), c.want)
		})
	}
}

func TestAPushSaysWhatItIsAboutAndWhereItComesFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	traceID := trace.TraceID{1, 2, 3}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	require.NoError(t, f.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return f.service.Submit(ctx, tx, turnReady("game:1:turn:3", anna))
	}))
	require.Len(t, f.pusher.Published(), 1)
	o := f.pusher.Published()[0]
	require.Equal(t, push.Outgoing{
		UserID: anna, EventID: o.EventID, RequestID: "game:1:turn:3", TraceID: traceID.String(), Event: o.Event,
	}, o)
	require.Equal(t, "game.turn.ready", o.Event.Kind())
	require.Equal(t, 1, f.count(`
SELECT count(*) FROM notification_routes WHERE route_id::text = $1 AND channel = 'push'`, o.EventID))
	packed, err := o.Event.Marshal()
	require.NoError(t, err)
	table := notificationv1.GetRootAsGameTurnReady(packed, 0)
	require.Equal(t, theGame.ID.String(), string(table.GameId()))
	require.EqualValues(t, 3, table.Turn())
	require.Equal(t, theDeadline.UnixMilli(), table.NextTurnAtMs())
}

func TestANotificationKeepsTheRequestThatItCameFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := httpx.WithCall(t.Context(), "request-1", uuid.Nil, httpx.Principal{})
	require.NoError(t, f.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return f.service.Submit(ctx, tx, turnReady("k", f.newUser("anna")))
	}))
	require.Equal(t, 1, f.count(`
SELECT count(*) FROM notifications WHERE request_id = 'request-1' AND created_at = $1`, noon))
}

func TestAMalformedIntentIsKeptAndGoesNowhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	for i, c := range malformed(anna) {
		f.submit(c.in)
		require.Equal(t, i+1, f.count(`SELECT count(*) FROM notification_malformed`), c.problem)
		require.Equal(t, 1, f.count(`
SELECT count(*) FROM notification_malformed WHERE kind = $1 AND idempotency_key = $2 AND reason = $3`,
			c.in.Kind(), c.in.Key, c.problem), c.problem)
		require.Equal(t, i+1, f.logs.FilterMessage("notification intent was malformed").Len(), "operators see it")
	}
	f.pass()
	require.Empty(t, f.pusher.Published())
	require.Empty(t, f.mailer.Messages())
	require.Zero(t, f.count(`SELECT count(*) FROM notifications`))
}

func TestAMalformedIntentDoesNotFailItsTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, f.service.Submit(ctx, tx, turnReady("", anna)))
		return f.service.Submit(ctx, tx, turnReady("k", anna))
	})
	require.Len(t, f.pusher.Published(), 1)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM notification_malformed`))
}

func TestAMalformedIntentWithAKeyIsKeptOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	incomplete := func(key string) Intent { return Intent{Key: key, Payload: ContainerMissing{}} }
	f.submit(incomplete("k"), incomplete("k"), incomplete("l"))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM notification_malformed`))
	f.submit(incomplete(""), incomplete(""))
	require.Equal(t, 4, f.count(`SELECT count(*) FROM notification_malformed`), "without a key repeats cannot be told")
}

func TestAMalformedPayloadIsKeptForRepair(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(Intent{Key: "k", Payload: GamePaused{GameRef: GameRef{theGame.ID, "a\x00b"}, Turn: 3}})
	require.Equal(t, 1, f.count(`SELECT count(*) FROM notification_malformed WHERE payload = $1`,
		fmt.Sprintf(`{"game_id": "%s", "game_name": "a\ufffdb", "reason": "", "turn": 3}`, theGame.ID)))
}

func TestOperatorsWithoutAnAddressAreSkippedAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(imagePullFailed("k"))
	r := f.route(AdminEmail)
	require.Equal(t, Skipped, r.Status)
	require.Equal(t, noon, r.Settled.UTC())
	require.Equal(t, 1, f.logs.FilterMessageSnippet("BACKEND_NOTIFICATION_ADMIN_EMAIL is not set").Len())
	f.pass()
	require.Empty(t, f.mailer.Messages())
	require.Zero(t, f.route(AdminEmail).Attempts, "nobody tries")
}
