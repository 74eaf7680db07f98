package notification

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

func TestEveryMailRouteBecomesOneDelivery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna"), f.newUser("bob")))
	f.pass()
	f.pass()
	require.ElementsMatch(t, []string{"anna@example.com", "bob@example.com"}, f.mailer.Recipients())
	for _, r := range f.routes(Email) {
		require.Equal(t, Delivered, r.Status)
		require.NotNil(t, r.Delivery)
		require.Equal(t, noon, r.Settled.UTC())
		require.Nil(t, r.Token)
		require.Equal(t, 1, r.Attempts)
	}
	for _, m := range f.mailer.Messages() {
		recipient, err := f.accounts.Snapshot(t.Context(), m.UserID)
		require.NoError(t, err)
		require.Equal(t, recipient.Email, m.To)
		require.Equal(t, recipient.UserName, m.Data["user_name"])
		require.Equal(t, "game.turn.ready", m.Template)
		require.Equal(t, "First light", m.Data["game_name"])
		require.Equal(t, 1, f.count(`SELECT count(*) FROM notification_routes WHERE route_id::text = $1 AND delivery_id = $2`,
			m.Key, f.mailer.DeliveryID(m.Template, m.Key)))
	}
}

func TestOperatorsAreToldAtTheirAddress(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
	f.submit(imagePullFailed("k"))
	f.pass()
	require.Len(t, f.mailer.Messages(), 1)
	m := f.mailer.Messages()[0]
	require.Equal(t, "ops@example.com", m.To)
	require.Equal(t, uuid.Nil, m.UserID)
	require.Equal(t, "runtime.image_pull_failed", m.Template)
	require.NotContains(t, m.Data, "user_name")
	require.Equal(t, Delivered, f.route(AdminEmail).Status)
}

func TestARouteToOperatorsIsSkippedWhenTheirAddressWasTakenAway(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, Config{AdminEmail: "ops@example.com"})
	f.submit(imagePullFailed("k"))
	f.worker.cfg.AdminEmail = ""
	f.pass()
	require.Empty(t, f.mailer.Messages())
	r := f.route(AdminEmail)
	require.Equal(t, Skipped, r.Status)
	require.Equal(t, "BACKEND_NOTIFICATION_ADMIN_EMAIL is not set", *r.Error)
}

func TestWhoCannotBeReachedIsSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	deleted, erased, unknown, present := f.newUser("deleted"), f.newUser("erased"), uuid.New(), f.newUser("present")
	f.submit(turnReady("k", deleted, erased, unknown, present))
	f.accounts.Delete(deleted)
	f.accounts.Delete(erased)
	f.accounts.Erase(erased)
	f.pass()
	require.Equal(t, []string{"present@example.com"}, f.mailer.Recipients())
	for _, r := range f.routes(Email) {
		if *r.UserID == present {
			require.Equal(t, Delivered, r.Status)
			continue
		}
		require.Equal(t, Skipped, r.Status)
		require.Equal(t, "the account is gone", *r.Error)
		require.NotNil(t, r.Settled)
	}
	f.clock.Advance(time.Hour)
	f.pass()
	require.Len(t, f.mailer.Messages(), 1, "a skipped route stays skipped")
}

func TestABlockedUserIsStillTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	f.accounts.Sanction(anna, user.PermanentBlock, "spam", nil)
	f.submit(turnReady("k", anna))
	f.pass()
	require.Equal(t, []string{"anna@example.com"}, f.mailer.Recipients())
}

func TestTheAddressIsTheOneOfTheMomentOfSending(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	f.submit(turnReady("k", anna))
	f.accounts.Set(anna, func(a *user.Account) { a.Email = "new@example.com" })
	f.pass()
	require.Equal(t, []string{"new@example.com"}, f.mailer.Recipients())
}

func TestAFailedRouteWaitsLongerEveryTimeAndIsDeadLettered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	f.mailer.FailWith(errRelay)
	for attempt := 1; attempt < maxAttempts; attempt++ {
		f.pass()
		r := f.route(Email)
		require.Equal(t, Retrying, r.Status)
		require.Equal(t, attempt, r.Attempts)
		require.Equal(t, errRelay.Error(), *r.Error)
		require.Nil(t, r.Settled)
		require.Nil(t, r.Token)
		wait := r.Next.Sub(f.clock.Now())
		require.LessOrEqual(t, wait, backoff.Ceiling(attempt))
		f.clock.Set(r.Next.Add(-time.Millisecond))
		if wait > time.Millisecond {
			f.pass()
			require.Equal(t, attempt, f.route(Email).Attempts, "it is not due yet")
		}
		f.clock.Set(r.Next)
	}
	f.pass()
	r := f.route(Email)
	require.Equal(t, DeadLettered, r.Status)
	require.Equal(t, maxAttempts, r.Attempts)
	require.Equal(t, f.clock.Now(), r.Settled.UTC())
	f.mailer.FailWith(nil)
	f.clock.Advance(24 * time.Hour)
	f.pass()
	require.Empty(t, f.mailer.Messages(), "a dead letter stays dead")
	require.Equal(t, maxAttempts, f.logs.FilterMessage("notification route failed").Len())
}

func TestARouteThatFailedOnceIsDeliveredLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	f.mailer.FailWith(errRelay)
	f.pass()
	f.mailer.FailWith(nil)
	f.clock.Advance(backoff.Ceiling(1))
	f.pass()
	require.Len(t, f.mailer.Messages(), 1)
	r := f.route(Email)
	require.Equal(t, Delivered, r.Status)
	require.Nil(t, r.Error, "the error of an attempt goes with its repair")
}

func TestAPoisonedRouteDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string]func(ctx context.Context, tx *pg.Tx) error{
		"it fails":  func(context.Context, *pg.Tx) error { return errRelay },
		"it panics": func(context.Context, *pg.Tx) error { panic("a template that cannot count so far") },
		"it breaks the transaction": func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, `SELECT 1/0`)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			bad := f.newUser("bad")
			f.mailer.Before(func(ctx context.Context, tx *pg.Tx, m mail.Message) error {
				if m.UserID == bad {
					return poison(ctx, tx)
				}
				return nil
			})
			f.submit(turnReady("k", f.newUser("ada"), bad, f.newUser("bob")))
			for range maxAttempts + 1 {
				f.pass()
				require.Len(t, f.mailer.Messages(), 2)
				f.clock.Advance(time.Hour)
			}
			for _, r := range f.routes(Email) {
				if *r.UserID == bad {
					require.Equal(t, DeadLettered, r.Status)
					require.Equal(t, maxAttempts, r.Attempts)
				} else {
					require.Equal(t, Delivered, r.Status)
				}
			}
		})
	}
}

func TestAFailureIsRecordedWhateverItsText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	f.mailer.FailWith(errors.New("broken\x00 \xff text"))
	f.pass()
	r := f.route(Email)
	require.Equal(t, Retrying, r.Status)
	require.Equal(t, "broken text", strings.ReplaceAll(*r.Error, "  ", " "))
}

func TestAPanicIsTheRoutesFaultAndIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.mailer.Before(func(context.Context, *pg.Tx, mail.Message) error { panic("no such function") })
	f.submit(turnReady("k", f.newUser("anna")))
	f.pass()
	require.Equal(t, "panic: no such function", *f.route(Email).Error)
	lines := f.logs.FilterMessage("notification route panicked").All()
	require.NotEmpty(t, lines)
	require.Contains(t, lines[0].ContextMap()["stack"].(string), "worker_test.go")
}

// What lies in the database was checked when it was written, by an older
// backend perhaps.
func TestAStoredPayloadThatIsNoObjectIsSkipped(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{`[1, 2]`, `"text"`, `3`, `null`} {
		t.Run(stored, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.submit(turnReady("k1", f.newUser("anna")))
			f.exec(`UPDATE notifications SET payload = $1`, stored)
			f.submit(turnReady("k2", f.newUser("bob")))
			f.pass()
			require.Equal(t, []string{"bob@example.com"}, f.mailer.Recipients())
			r := f.routes(Email)[0]
			require.Equal(t, Skipped, r.Status)
			require.Equal(t, "the payload is not an object", *r.Error)
		})
	}
}

func TestAPassTakesABatchAndAsksForAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.accounts.AddMany(batchSize+1)...))
	again, err := f.worker.runOnce(t.Context())
	require.NoError(t, err)
	require.True(t, again)
	require.Len(t, f.mailer.Messages(), batchSize)
	again, err = f.worker.runOnce(t.Context())
	require.NoError(t, err)
	require.False(t, again)
	require.Len(t, f.mailer.Messages(), batchSize+1)
}

func TestAPassWithNothingToDoLooksNobodyUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.accounts.Fail(errors.New("not asked"))
	again, err := f.worker.runOnce(t.Context())
	require.NoError(t, err)
	require.False(t, again)
}

func TestTheWorkerIsWokenByTheCommit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	require.NoError(t, f.worker.Start(t.Context()))
	f.clock.BlockUntil(1)
	f.submit(turnReady("k", anna))
	require.Eventually(t, func() bool { return len(f.mailer.Recipients()) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, f.worker.Stop(t.Context()))
	require.Equal(t, Delivered, f.route(Email).Status)
}

func TestTheWorkerBeginsWithWhatAnEarlierProcessLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.submit(turnReady("k", f.newUser("anna")))
	<-f.mailDue.C()
	require.NoError(t, f.worker.Start(t.Context()))
	f.clock.BlockUntil(1)
	require.NoError(t, f.worker.Stop(t.Context()))
	require.Len(t, f.mailer.Messages(), 1)
}

func TestTheLogSaysAtStartThatOperatorsAreNotTold(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]int{"": 1, "ops@example.com": 0} {
		f := newFixtureWith(t, Config{AdminEmail: address})
		require.NoError(t, f.worker.Start(t.Context()))
		require.NoError(t, f.worker.Stop(t.Context()))
		require.Equal(t, want, f.logs.FilterMessageSnippet("BACKEND_NOTIFICATION_ADMIN_EMAIL is not set").Len())
	}
}
