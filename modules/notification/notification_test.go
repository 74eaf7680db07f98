package notification

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
	notificationv1 "galaxy/backend/proto/notification/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bureau is the domain with stand-ins for mail, push and accounts.
type bureau struct {
	*testing.T
	db       *pg.DB
	clock    *clock.Fake
	service  *Service
	worker   *Worker
	mails    map[string]mail.Message // by key
	mailErr  error
	poisoned string // Enqueue for this address breaks the transaction
	pushed   []push.Outgoing
	accounts map[uuid.UUID]user.Snapshot
}

func newBureau(t *testing.T, cfg Config) *bureau {
	t.Helper()
	b := &bureau{T: t, db: testkit.DB(t), clock: clock.NewFake(noon), mails: map[string]mail.Message{}, accounts: map[uuid.UUID]user.Snapshot{}}
	cfg.WorkerInterval, cfg.MaxAttempts = time.Minute, 3
	mailDue := worker.NewSignal()
	var err error
	b.service, err = NewService(b.db, b.clock, zap.NewNop(), cfg, b, mailDue)
	require.NoError(t, err)
	b.worker = NewWorker(b.db, b.clock, zap.NewNop(), cfg, b, b, mailDue)
	return b
}

func (b *bureau) Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error) {
	switch {
	case b.mailErr != nil:
		return uuid.Nil, b.mailErr
	case m.To == b.poisoned && m.Data["turn"] == 13.0:
		panic("a template that cannot count so far")
	case m.To == b.poisoned:
		_, err := tx.Exec(ctx, `SELECT 1/0`)
		return uuid.Nil, err
	}
	b.mails[m.Key] = m
	return uuid.New(), nil
}

func (b *bureau) Publish(tx *pg.Tx, o push.Outgoing) {
	tx.OnCommit(func() { b.pushed = append(b.pushed, o) })
}

func (b *bureau) Snapshots(_ context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error) {
	out := map[uuid.UUID]user.Snapshot{}
	for _, id := range ids {
		if s, ok := b.accounts[id]; ok {
			out[id] = s
		}
	}
	return out, nil
}

const insertAccount = `
INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
VALUES ($1, $2, $2, 'player-' || substr(md5($3), 1, 8), $3, 'en', 'UTC', '', $4, $4)`

// member makes an account.
func (b *bureau) member(name string) uuid.UUID {
	b.Helper()
	id := uuid.New()
	require.NoError(b, b.db.InTx(b.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(insertAccount, id, name+"@example.com", name, noon)
		return nil
	}))
	b.accounts[id] = user.Snapshot{UserID: id, UserName: name, Email: name + "@example.com"}
	return id
}

func (b *bureau) submit(in Intent) {
	b.Helper()
	require.NoError(b, b.db.InTx(b.Context(), func(ctx context.Context, tx *pg.Tx) error { return b.service.Submit(ctx, tx, in) }))
}

func (b *bureau) pass() {
	b.Helper()
	_, err := b.worker.runOnce(b.Context())
	require.NoError(b, err)
}

func (b *bureau) count(sql string, args ...any) int {
	b.Helper()
	n, err := pg.Get[int](b.Context(), b.db, sql, args...)
	require.NoError(b, err)
	return n
}

func turnReady(key string, recipients ...uuid.UUID) Intent {
	return Intent{Kind: KindGameTurnReady, Key: key, Recipients: recipients, Payload: map[string]any{
		"game_id": uuid.NewString(), "game_name": "First light", "turn": 3, "next_turn_at": noon.Add(time.Hour)}}
}

func TestAnIntentReachesEveryRecipientByPushAndMailOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna, bob := b.member("anna"), b.member("bob")
	in := turnReady("game:1:turn:3", anna, bob, anna)
	b.submit(in)
	b.submit(in)
	require.Len(t, b.pushed, 2)
	b.pass()
	b.pass()
	require.Len(t, b.mails, 2)
	to := map[string]bool{}
	for key, m := range b.mails {
		to[m.To] = true
		require.Equal(t, "game.turn.ready", m.Template)
		require.Equal(t, 1, b.count(`SELECT count(*) FROM notification_routes WHERE route_id = $1 AND status = 'delivered' AND delivery_id IS NOT NULL`, key))
	}
	require.Equal(t, map[string]bool{"anna@example.com": true, "bob@example.com": true}, to)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notifications`))
}

func TestThePushPayloadIsTheTableOfItsKind(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	in := turnReady("k", b.member("anna"))
	b.submit(in)
	o := b.pushed[0]
	payload, err := o.Event.Marshal()
	require.NoError(t, err)
	table := notificationv1.GetRootAsGameTurnReady(payload, 0)
	require.Equal(t, in.Payload["game_id"], string(table.GameId()))
	require.EqualValues(t, 3, table.Turn())
	require.Equal(t, noon.Add(time.Hour).UnixMilli(), table.NextTurnAtMs())
	require.Equal(t, "game.turn.ready", o.Event.Kind())
	require.Equal(t, "k", o.RequestID)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notification_routes WHERE route_id::text = $1 AND status = 'published'`, o.EventID))
}

func TestNothingLeavesATransactionThatFails(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna := b.member("anna")
	_ = b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, b.service.Submit(ctx, tx, turnReady("k", anna)))
		return errors.New("the turn was not recorded")
	})
	b.pass()
	require.Empty(t, b.pushed)
	require.Empty(t, b.mails)
}

func TestAFreshKeyCostsNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	in := turnReady("k", b.member("anna"), b.member("bob"))
	in.Fresh = true
	before := b.db.Traffic()
	b.submit(in)
	require.EqualValues(t, 1, b.db.Traffic().RoundTrips-before.RoundTrips)
	require.Equal(t, 4, b.count(`SELECT count(*) FROM notification_routes`))
}

func TestAPayloadThatDoesNotFitIsKeptAndGoesNowhere(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna := b.member("anna")
	lacking := turnReady("k1", anna)
	delete(lacking.Payload, "turn")
	wrongType := turnReady("k2", anna)
	wrongType.Payload["turn"] = "three"
	for _, in := range []Intent{lacking, wrongType, {Kind: "no.such.kind", Key: "k3", Recipients: []uuid.UUID{anna}},
		turnReady("", anna), {Kind: KindContainerMissing, Key: "k4", Recipients: []uuid.UUID{anna}, Payload: map[string]any{"game_id": "g"}},
		turnReady("k5", anna, uuid.Nil), holding("k6", "NUL\x00", anna), holding("k7", math.NaN(), anna)} {
		b.submit(in)
	}
	b.pass()
	require.Empty(t, b.pushed)
	require.Empty(t, b.mails)
	require.Equal(t, 8, b.count(`SELECT count(*) FROM notification_malformed`))
	b.submit(lacking)
	require.Equal(t, 8, b.count(`SELECT count(*) FROM notification_malformed`), "the same again is kept once")
}

// holding is an intent with one more value in its payload.
func holding(key string, v any, recipients ...uuid.UUID) Intent {
	in := turnReady(key, recipients...)
	in.Payload["extra"] = v
	return in
}

func TestWhatLooksLikeNULInJSONIsLeftAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":"\\u0000"}`: `{"a":"\\u0000"}`, `{"a":"\\\u0000"}`: `{"a":"\\\ufffd"}`, `{"a":"\n\u0000\u0000"}`: `{"a":"\n\ufffd\ufffd"}`, `""`: `""`,
	} {
		got, clean := replaceNUL([]byte(text))
		require.Equal(t, want, string(got))
		require.Equal(t, want == text, clean)
	}
}

func TestAPoisonedRouteDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	bad, good := b.member("bad"), b.member("good")
	b.poisoned = "bad@example.com"
	breaking, panicking := turnReady("k1", bad, good), turnReady("k2", bad, good)
	panicking.Payload["turn"] = 13
	b.submit(breaking)
	b.submit(panicking)
	for range 4 {
		b.pass()
		b.clock.Advance(time.Hour)
	}
	require.Len(t, b.mails, 2)
	for _, m := range b.mails {
		require.Equal(t, "good@example.com", m.To)
	}
	require.Equal(t, 2, b.count(`SELECT count(*) FROM notification_routes WHERE status = 'dead_lettered' AND attempts = 3`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notification_routes WHERE last_error LIKE 'panic: a template%'`))
}

func TestOperatorsAreToldAtTheirAddressOrTheRouteIsSkipped(t *testing.T) {
	t.Parallel()
	in := Intent{Kind: KindImagePullFailed, Key: "k", Payload: map[string]any{"game_id": "g", "image_ref": "galaxy-engine:9"}}
	told := newBureau(t, Config{AdminEmail: "ops@example.com"})
	told.submit(in)
	told.pass()
	require.Len(t, told.mails, 1)
	for _, m := range told.mails {
		require.Equal(t, "ops@example.com", m.To)
	}
	silent := newBureau(t, Config{})
	silent.submit(in)
	silent.pass()
	require.Empty(t, silent.mails)
	require.Equal(t, 1, silent.count(`SELECT count(*) FROM notification_routes WHERE status = 'skipped'`))
}

func TestARecipientWhoIsGoneIsSkipped(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna := b.member("anna")
	b.submit(turnReady("k", anna))
	gone := b.accounts[anna]
	gone.Deleted = true
	b.accounts[anna] = gone
	b.pass()
	require.Empty(t, b.mails)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notification_routes WHERE channel = 'email' AND status = 'skipped' AND last_error = 'the account is gone'`))
}

func TestARouteThatKeepsFailingIsDeadLettered(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	b.submit(turnReady("k", b.member("anna")))
	b.mailErr = errors.New("no mail template")
	for range 5 {
		b.pass()
		b.clock.Advance(time.Hour)
	}
	require.Equal(t, 1, b.count(`SELECT count(*) FROM notification_routes WHERE status = 'dead_lettered' AND attempts = 3`))
	b.mailErr = nil
	b.pass()
	require.Empty(t, b.mails)
}

func TestTheWorkerIsWokenByTheCommit(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna := b.member("anna")
	require.NoError(t, b.worker.Start(t.Context()))
	b.clock.BlockUntil(1)
	b.submit(turnReady("k", anna))
	require.Eventually(t, func() bool {
		n, err := pg.Get[int](t.Context(), b.db, `SELECT count(*) FROM notification_routes WHERE status = 'delivered'`)
		return err == nil && n == 1
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, b.worker.Stop(t.Context()))
}

func TestTheInboxListsWhatPushMayHaveMissed(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna, bob := b.member("anna"), b.member("bob")
	for i := range 3 {
		b.submit(turnReady(fmt.Sprint(i), anna, bob))
	}
	items, unread, err := b.service.Inbox(t.Context(), anna, InboxFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, items, 3)
	require.Equal(t, 3, unread)
	require.NoError(t, b.service.MarkRead(t.Context(), anna, items[1].ID))
	require.NoError(t, b.service.MarkRead(t.Context(), anna, items[1].ID))
	left, unread, err := b.service.Inbox(t.Context(), anna, InboxFilter{UnreadOnly: true, Limit: 10})
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Equal(t, 2, unread)
	older, _, err := b.service.Inbox(t.Context(), anna, InboxFilter{Before: items[1].ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, older, 1)
	require.NoError(t, b.service.MarkAllRead(t.Context(), anna))
	_, unread, err = b.service.Inbox(t.Context(), anna, InboxFilter{UnreadOnly: true, Limit: 10})
	require.NoError(t, err)
	require.Zero(t, unread)
	_, unread, err = b.service.Inbox(t.Context(), bob, InboxFilter{UnreadOnly: true, Limit: 10})
	require.NoError(t, err)
	require.Equal(t, 3, unread)
	require.ErrorIs(t, b.service.MarkRead(t.Context(), uuid.New(), items[0].ID), ErrNotFound)
}

func TestDeadLettersOfMailAreReportedOnce(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{AdminEmail: "ops@example.com"})
	o := newMailHooks(b.service)
	id := uuid.New()
	for _, d := range []mail.DeadLetter{{DeliveryID: id, Template: "game.started", Attempt: 1, Reason: "550"}, {DeliveryID: id, Template: "game.started", Attempt: 1},
		{DeliveryID: id, Template: "game.started", Attempt: 2, Reason: "550"}, {DeliveryID: uuid.New(), Template: string(KindMailDeadLettered)}} {
		require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return o.DeadLettered(ctx, tx, d) }))
	}
	b.pass()
	require.Len(t, b.mails, 2, "once per death, and never about itself")
}

func TestEveryKindHasItsTableAndItsPayloadFits(t *testing.T) {
	t.Parallel()
	full := map[string]any{"game_id": "g", "game_name": "n", "inviter_user_id": "u", "inviter_name": "i", "invite_id": "v", "expires_at": noon.Format(time.RFC3339),
		"application_id": "a", "applicant_user_id": "u", "reason": "r", "race_name": "Zorg", "turn": 1, "next_turn_at": &noon, "winners": []string{"Zorg"},
		"deadline": noon, "subject": "s", "text": "t", "image_ref": "x", "exit_code": 1, "container": "c", "engine_turn": 2, "delivery_id": "d", "template": "t"}
	require.Len(t, catalog, 30)
	for kind, what := range catalog {
		require.NoError(t, Intent{Kind: kind, Key: "k", Payload: full}.Validate(), kind)
		require.NotEqual(t, what.pack == nil, !what.operator, "%s goes to users by push, to operators by mail", kind)
		if what.pack != nil {
			packed, err := what.pack(full)
			require.NoError(t, err, kind)
			require.NotEmpty(t, packed, kind)
		}
	}
	invite, err := catalog[KindInviteReceived].pack(full)
	require.NoError(t, err)
	require.Equal(t, noon.UnixMilli(), notificationv1.GetRootAsLobbyInviteReceived(invite, 0).ExpiresAtMs())
	reminder, err := catalog[KindGameTurnReminder].pack(full)
	require.NoError(t, err)
	require.Equal(t, noon.UnixMilli(), notificationv1.GetRootAsGameTurnReminder(reminder, 0).DeadlineAtMs())
	broadcast, err := catalog[KindBroadcast].pack(full)
	require.NoError(t, err)
	require.Equal(t, "t", string(notificationv1.GetRootAsPlatformBroadcast(broadcast, 0).Body()))
}

func TestAnErasedAccountLeavesNoInboxAndNoRoute(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	ada, bob := b.member("Ada"), b.member("Bob")
	b.submit(turnReady("1", ada, bob))
	h := newUserHooks(b.service)
	depart := func(why user.Reason) {
		require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return h.Depart(ctx, tx, ada, why) }))
	}
	export := func(id uuid.UUID) int {
		out, err := h.Export(t.Context(), b.db, id)
		require.NoError(t, err)
		return len(out.(map[string]any)["inbox"].([]itemView))
	}
	for _, why := range []user.Reason{user.Deleted, user.Blocked} {
		depart(why)
		require.Equal(t, 1, export(ada), "the account can come back")
	}
	depart(user.Erased)
	require.Zero(t, export(ada))
	require.Zero(t, b.count(`SELECT count(*) FROM notification_routes WHERE user_id = $1`, ada))
	require.Equal(t, 1, export(bob), "the others keep theirs")
	require.Equal(t, 2, b.count(`SELECT count(*) FROM notification_routes WHERE user_id = $1`, bob))
}
