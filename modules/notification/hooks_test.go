package notification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

func (f *fixture) depart(user uuid.UUID, why user.Reason) {
	f.t.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error { return newUserHooks(f.service).Depart(ctx, tx, user, why) })
}

// export is the domain's part of a user's export, as JSON says it.
func (f *fixture) export(id uuid.UUID) (inbox []itemView) {
	f.t.Helper()
	part, err := newUserHooks(f.service).Export(f.t.Context(), f.db, id)
	require.NoError(f.t, err)
	text, err := json.Marshal(part)
	require.NoError(f.t, err)
	var out map[string][]itemView
	require.NoError(f.t, json.Unmarshal(text, &out))
	require.Contains(f.t, out, "inbox")
	return out["inbox"]
}

func TestAnAccountThatCanComeBackKeepsItsInbox(t *testing.T) {
	t.Parallel()
	for _, why := range []user.Reason{user.Deleted, user.Blocked} {
		t.Run(fmt.Sprint(why), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ada := f.newUser("ada")
			f.submit(turnReady("1", ada))
			f.depart(ada, why)
			require.Len(t, f.export(ada), 1)
			require.Equal(t, 2, f.count(`SELECT count(*) FROM notification_routes WHERE user_id = $1`, ada))
		})
	}
}

func TestAnErasedAccountLeavesNoInboxAndNoRoute(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.newUser("ada"), f.newUser("bob")
	f.submit(turnReady("1", ada, bob), turnReady("2", ada))
	f.depart(ada, user.Erased)
	require.Empty(t, f.export(ada))
	require.Zero(t, f.count(`SELECT count(*) FROM notification_routes WHERE user_id = $1`, ada))
	require.Len(t, f.export(bob), 1, "the others keep theirs")
	require.Equal(t, 2, f.count(`SELECT count(*) FROM notification_routes WHERE user_id = $1`, bob))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM notifications`), "what happened stays")
	f.pass()
	require.Equal(t, []string{"bob@example.com"}, f.mailer.Recipients())
	f.depart(ada, user.Erased) // again changes nothing
}

func TestErasureIsUndoneWithItsTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.newUser("ada")
	f.submit(turnReady("1", ada))
	refused := errors.New("another hook refused")
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, newUserHooks(f.service).Depart(ctx, tx, ada, user.Erased))
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.Len(t, f.export(ada), 1)
}

func TestARouteThatIsErasedWhileItIsSentIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.newUser("ada")
	f.submit(turnReady("1", ada))
	claimed := f.claim()
	f.depart(ada, user.Erased)
	require.NoError(t, f.worker.postpone(t.Context(), claimed[0], errRelay))
	require.Zero(t, f.count(`SELECT count(*) FROM notification_routes`))
}

func TestAnExportHasTheInboxAsTheUserSeesIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.newUser("ada")
	f.submit(turnReady("1", ada), turnReady("2", ada), turnReady("3", f.newUser("bob")))
	all, _ := f.ids(ada, whole)
	require.NoError(t, f.service.MarkRead(t.Context(), ada, all[0]))
	inbox := f.export(ada)
	require.Len(t, inbox, 2)
	require.Equal(t, all[0], inbox[0].ID)
	require.Equal(t, KindGameTurnReady, inbox[0].Kind)
	require.Equal(t, noon, inbox[0].ReadAt.UTC())
	require.Nil(t, inbox[1].ReadAt)
	require.JSONEq(t, fmt.Sprintf(`{"game_id": "%s", "game_name": "First light", "turn": 3, "eliminated": [],
		"next_turn_at": "2026-03-02T18:30:00.123456Z"}`, theGame.ID), string(inbox[0].Payload))
	require.Empty(t, f.export(uuid.New()), "nobody has an empty list, not null")
}

func TestAnExportIsBoundedAndHasTheNewest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := uuid.New()
	f.exec(`WITH n AS (
  INSERT INTO notifications (notification_id, kind, idempotency_key, payload, request_id, created_at)
  SELECT gen_random_uuid(), 'lobby.race_name.expired', i::text, '{"race_name": "Zorg"}', '', $2
  FROM generate_series(1, $3) i
  RETURNING notification_id)
INSERT INTO notification_recipients (user_id, notification_id)
SELECT $1, notification_id FROM n`, ada, noon, maxExported)
	f.submit(turnReady("newest", ada))
	f.exec(`UPDATE notification_recipients SET read_at = $1`, noon)
	all, _ := f.ids(ada, InboxFilter{Limit: maxExported + 1})
	require.Len(t, all, maxExported+1)
	inbox := f.export(ada)
	require.Len(t, inbox, maxExported)
	require.Equal(t, all[0], inbox[0].ID)
}

func TestADeadLetterOfMailIsReportedToOperators(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
	id, other := uuid.New(), uuid.New()
	started := mail.DeadLetter{DeliveryID: id, Template: "game.started", Attempt: 8, Reason: "550"}
	resent := started
	resent.Attempt++
	for _, c := range []struct {
		why  string
		dead mail.DeadLetter
		want int
	}{
		{"it is new", started, 1},
		{"it is the same death", started, 1},
		{"it was sent again and died again", resent, 2},
		{"it is another delivery", mail.DeadLetter{DeliveryID: other, Template: "game.started", Attempt: 8}, 3},
		{"it is a report itself", mail.DeadLetter{DeliveryID: uuid.New(), Template: "mail.dead_lettered", Attempt: 8}, 3},
	} {
		f.inTx(func(ctx context.Context, tx *pg.Tx) error {
			return newMailHooks(f.service).DeadLettered(ctx, tx, c.dead)
		})
		require.Len(t, f.routes(AdminEmail), c.want, c.why)
	}
	f.pass()
	require.Len(t, f.mailer.Messages(), 3)
	for _, m := range f.mailer.Messages() {
		require.Equal(t, "mail.dead_lettered", m.Template)
		require.Equal(t, "game.started", m.Data["template"])
		require.Contains(t, []any{id.String(), other.String()}, m.Data["delivery_id"])
	}
}

func TestTheDomainsHooksHaveItsName(t *testing.T) {
	t.Parallel()
	require.Equal(t, "notification", newUserHooks(nil).Name())
	require.Equal(t, "notification", newMailHooks(nil).Name())
}
