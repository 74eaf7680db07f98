package notification

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
)

// claim takes what is due, as a worker does that then says nothing more.
func (f *fixture) claim() []claimedRoute {
	f.t.Helper()
	routes, err := f.worker.store.claim(f.t.Context(), f.db, f.clock.Now(), batchSize, leaseTime)
	require.NoError(f.t, err)
	return routes
}

func (f *fixture) expireLeases() {
	f.t.Helper()
	f.exec(`
UPDATE notification_routes SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until IS NOT NULL`)
}

func TestRoutesComeBackWhenRecipientsCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	away := errors.New("accounts are away")
	f.accounts.Fail(away)
	_, err := f.worker.runOnce(t.Context())
	require.ErrorIs(t, err, away)
	require.Equal(t, Delivering, f.route(Email).Status)
	f.accounts.Fail(nil)
	f.pass()
	require.Empty(t, f.mailer.Messages(), "the lease still runs")
	f.expireLeases()
	f.pass()
	require.Len(t, f.mailer.Messages(), 1)
	require.Equal(t, 2, f.route(Email).Attempts)
}

func TestNobodyIsChargedWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{pg.ErrUnavailable, pg.ErrOutcomeUnknown} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.submit(turnReady("k", f.newUser("anna"), f.newUser("bob")))
			f.mailer.FailWith(fmt.Errorf("enqueue: %w", cause))
			_, err := f.worker.runOnce(t.Context())
			require.ErrorIs(t, err, cause)
			for _, r := range f.routes(Email) {
				require.Equal(t, Delivering, r.Status, "the lease brings it back")
				require.Nil(t, r.Error)
			}
			require.Zero(t, f.logs.FilterMessage("notification route failed").Len())
		})
	}
}

func TestARouteWhoseLeaseRanOutIsDeliveredByAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	late := f.claim()
	require.Len(t, late, 1)
	require.Empty(t, f.claim(), "a claimed route is nobody else's")
	f.expireLeases()
	f.pass()
	require.Len(t, f.mailer.Messages(), 1)
	done := f.route(Email)

	require.NoError(t, f.worker.postpone(t.Context(), late[0], errRelay))
	require.Equal(t, done, f.route(Email), "whoever overslept changes nothing")
	users, err := f.worker.recipients(t.Context(), late)
	require.NoError(t, err)
	require.NoError(t, f.worker.deliver(t.Context(), late, users))
	require.Len(t, f.mailer.Messages(), 1, "the key of the mail is the route's")
	require.Equal(t, done, f.route(Email))
}

func TestRoutesThatWaitLongestGoFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k1", f.newUser("late")))
	f.exec(`UPDATE notification_routes SET next_attempt_at = next_attempt_at + interval '1 minute'`)
	f.submit(turnReady("k2", f.newUser("early")))
	f.clock.Advance(time.Hour)
	routes, err := f.worker.store.claim(t.Context(), f.db, f.clock.Now(), 1, leaseTime)
	require.NoError(t, err)
	require.Len(t, routes, 1)
	require.Equal(t, *f.routes(Email)[1].UserID, *routes[0].UserID)
}

func TestPushRoutesAreNotTheWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(Intent{Key: "k", Recipients: []uuid.UUID{f.newUser("anna")}, Payload: RaceNameExpired{RaceName: "Zorg"}})
	require.Empty(t, f.claim())
	require.Equal(t, Published, f.route(Push).Status)
}
