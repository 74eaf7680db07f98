package notification

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// ids lists what a listing of an inbox returns, and how many it says are unread.
func (f *fixture) ids(user uuid.UUID, filter InboxFilter) ([]uuid.UUID, int) {
	f.t.Helper()
	items, unread, err := f.service.Inbox(f.t.Context(), user, filter)
	require.NoError(f.t, err)
	ids := []uuid.UUID{}
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	return ids, unread
}

var whole = InboxFilter{Limit: 100}

func TestTheInboxListsTheNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := uuid.New(), uuid.New()
	for i := range 3 {
		f.submit(turnReady(fmt.Sprint(i), anna, bob))
		f.clock.Advance(time.Minute)
	}
	items, unread, err := f.service.Inbox(t.Context(), anna, whole)
	require.NoError(t, err)
	require.Len(t, items, 3)
	require.Equal(t, 3, unread)
	for i, item := range items {
		require.Equal(t, noon.Add(time.Duration(2-i)*time.Minute), item.CreatedAt.UTC())
		require.Equal(t, KindGameTurnReady, item.Kind)
		require.Nil(t, item.ReadAt)
		var payload struct{ Turn int }
		require.NoError(t, json.Unmarshal(item.Payload, &payload))
		require.Equal(t, 3, payload.Turn)
	}
}

func TestTheInboxHasWhatMailCouldNotDeliver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	f.mailer.FailWith(errRelay)
	f.submit(turnReady("k", anna))
	for range maxAttempts {
		f.pass()
		f.clock.Advance(time.Hour)
	}
	require.Equal(t, DeadLettered, f.route(Email).Status)
	got, unread := f.ids(anna, whole)
	require.Len(t, got, 1)
	require.Equal(t, 1, unread)
}

func TestOperatorsKindsAreInNobodysInbox(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
	f.submit(imagePullFailed("k"))
	require.Zero(t, f.count(`SELECT count(*) FROM notification_recipients`))
}

func TestACursorContinuesWhereThePageStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := uuid.New()
	for i := range 5 {
		f.submit(turnReady(fmt.Sprint(i), anna))
	}
	all, _ := f.ids(anna, whole)
	require.Len(t, all, 5)
	paged, filter := []uuid.UUID{}, InboxFilter{Limit: 2}
	for {
		page, unread := f.ids(anna, filter)
		require.Equal(t, 5, unread, "the count is of the whole inbox")
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		filter.Before = page[len(page)-1]
		f.submit(turnReady(fmt.Sprint("new", filter.Before), uuid.New())) // somebody else's
	}
	require.Equal(t, all, paged)
}

func TestANewNotificationDoesNotMoveACursor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := uuid.New()
	f.submit(turnReady("1", anna), turnReady("2", anna))
	all, _ := f.ids(anna, whole)
	f.submit(turnReady("3", anna))
	older, _ := f.ids(anna, InboxFilter{Before: all[0], Limit: 10})
	require.Equal(t, all[1:], older)
}

func TestWhatWasReadIsNoLongerUnread(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := uuid.New(), uuid.New()
	for i := range 3 {
		f.submit(turnReady(fmt.Sprint(i), anna, bob))
	}
	all, _ := f.ids(anna, whole)
	require.NoError(t, f.service.MarkRead(t.Context(), anna, all[1]))
	left, unread := f.ids(anna, InboxFilter{UnreadOnly: true, Limit: 10})
	require.Equal(t, []uuid.UUID{all[0], all[2]}, left)
	require.Equal(t, 2, unread)
	page, _ := f.ids(anna, InboxFilter{UnreadOnly: true, Before: all[0], Limit: 10})
	require.Equal(t, all[2:], page, "the cursor and the filter go together")
	still, _ := f.ids(anna, whole)
	require.Equal(t, all, still, "what was read stays")
	_, unread = f.ids(bob, whole)
	require.Equal(t, 3, unread, "the mark is the reader's own")
}

func TestTheFirstReadingCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := uuid.New()
	f.submit(turnReady("1", anna), turnReady("2", anna))
	readAt := func() []time.Time {
		items, _, err := f.service.Inbox(t.Context(), anna, whole)
		require.NoError(t, err)
		out := []time.Time{}
		for _, i := range items {
			if i.ReadAt != nil {
				out = append(out, i.ReadAt.UTC())
			}
		}
		return out
	}
	all, _ := f.ids(anna, whole)
	require.NoError(t, f.service.MarkRead(t.Context(), anna, all[0]))
	require.Equal(t, []time.Time{noon}, readAt())
	f.clock.Advance(time.Minute)
	require.NoError(t, f.service.MarkRead(t.Context(), anna, all[0]))
	require.Equal(t, []time.Time{noon}, readAt())
	require.NoError(t, f.service.MarkAllRead(t.Context(), anna))
	require.Equal(t, []time.Time{noon, noon.Add(time.Minute)}, readAt())
}

func TestEverythingIsMarkedReadForOneUserAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := uuid.New(), uuid.New()
	f.submit(turnReady("1", anna, bob), turnReady("2", anna))
	require.NoError(t, f.service.MarkAllRead(t.Context(), anna))
	require.NoError(t, f.service.MarkAllRead(t.Context(), uuid.New()), "an empty inbox is read already")
	left, unread := f.ids(anna, InboxFilter{UnreadOnly: true, Limit: 10})
	require.Empty(t, left)
	require.Zero(t, unread)
	_, unread = f.ids(bob, whole)
	require.Equal(t, 1, unread)
	f.submit(turnReady("3", anna))
	_, unread = f.ids(anna, whole)
	require.Equal(t, 1, unread, "what comes later is unread")
}

func TestNobodyReadsWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := uuid.New(), uuid.New()
	f.submit(turnReady("1", anna))
	all, _ := f.ids(anna, whole)
	require.ErrorIs(t, f.service.MarkRead(t.Context(), bob, all[0]), ErrNotFound)
	require.ErrorIs(t, f.service.MarkRead(t.Context(), anna, uuid.New()), ErrNotFound)
	_, unread := f.ids(anna, whole)
	require.Equal(t, 1, unread)
}

func TestInboxErrorsSayWhatWasTried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(`ALTER TABLE notification_recipients RENAME TO elsewhere`)
	_, _, err := f.service.Inbox(t.Context(), uuid.New(), whole)
	require.ErrorContains(t, err, "list the inbox")
	require.ErrorContains(t, f.service.MarkRead(t.Context(), uuid.New(), uuid.New()), "mark as read")
	require.Error(t, f.service.MarkAllRead(t.Context(), uuid.New()))
	_, err = newUserHooks(f.service).Export(t.Context(), f.db, uuid.New())
	require.ErrorContains(t, err, "export the inbox")
}
