package mail

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/smtpsink"
)

// settlementsFail makes the database refuse the next n settlements as a server
// does that shuts down. A sequence counts, since it survives the rollback.
func (f *fixture) settlementsFail(n int) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		for _, sql := range []string{
			`CREATE SEQUENCE settlements`,
			`CREATE FUNCTION outage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF nextval('settlements') <= ` + strconv.Itoa(n) + ` THEN
					RAISE EXCEPTION 'going down' USING ERRCODE = '57P01';
				END IF;
				RETURN NEW;
			END $$`,
			`CREATE TRIGGER outage BEFORE UPDATE ON mail_deliveries FOR EACH ROW WHEN (OLD.status = 'sending') EXECUTE FUNCTION outage()`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestAShortDatabaseOutageCausesNoDuplicateMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.settlementsFail(3)
	id := f.enqueue(code("anna@example.com"))
	var wg sync.WaitGroup
	wg.Go(f.pass)
	for range 3 {
		f.clock.BlockUntil(1)
		f.clock.Advance(settleRetryDelay)
	}
	wg.Wait()
	require.Equal(t, Sent, f.delivery(id).Status)
	require.Equal(t, []Outcome{Delivered}, f.outcomes(id))
	f.pass()
	require.Len(t, f.inbox.All(), 1)
}

func TestAStopDoesNotWaitForAnUnavailableDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.settlementsFail(1000)
	f.enqueue(code("anna@example.com"))
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := f.worker.runOnce(ctx)
		failed <- err
	}()
	f.clock.BlockUntil(1)
	cancel()
	require.ErrorIs(t, <-failed, pg.ErrUnavailable)
}

func TestADeadLetterThatAnObserverRefusesAffectsNoOtherDelivery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: "nobody", Reply: "550 5.1.1 no such user"})
	var sent []uuid.UUID
	claimed := map[string]uuid.UUID{}
	for _, to := range []string{"anna", "nobody1", "bob", "nobody2", "carl"} {
		claimed[to] = f.enqueue(code(to + "@example.com"))
		sent = append(sent, claimed[to])
	}
	f.dead.fails = claimed["nobody1"]
	deliveries, err := f.worker.store.claim(t.Context(), f.db, noon, batchSize, lease)
	require.NoError(t, err)
	require.Len(t, deliveries, len(sent))
	results := make([]result, len(deliveries))
	for i, d := range deliveries {
		results[i] = f.worker.attempt(t.Context(), &f.worker.connections[0], d, noon)
	}
	require.ErrorContains(t, f.worker.settle(t.Context(), results, noon), "the notification was refused")
	for to, want := range map[string]Status{"anna": Sent, "bob": Sent, "carl": Sent, "nobody2": DeadLettered, "nobody1": Sending} {
		require.Equal(t, want, f.delivery(claimed[to]).Status, to)
	}
}

func TestALateReportScrubsNoPayload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	abandoned, err := f.worker.store.claim(t.Context(), f.db, noon, 1, -time.Second)
	require.NoError(t, err)
	_, err = f.worker.store.claim(t.Context(), f.db, noon, 1, lease)
	require.NoError(t, err)
	late := f.worker.resultOf(abandoned[0], Delivered, "")
	require.NoError(t, f.worker.settle(t.Context(), []result{late}, noon))
	require.Equal(t, Sending, f.delivery(id).Status)
	require.Contains(t, f.bodies(id), "K7QM-3XZP", "who has the claim now still needs it")
}

func TestTheWorkerMayBeStartedAndStoppedConcurrently(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for range 50 {
				if i%2 == 0 {
					_ = f.worker.Start(t.Context())
				} else {
					_ = f.worker.Stop(t.Context())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, f.worker.Start(t.Context()))
	f.enqueue(code("anna@example.com"))
	f.inbox.Next("anna@example.com", "")
	require.NoError(t, f.worker.Stop(t.Context()))
}
