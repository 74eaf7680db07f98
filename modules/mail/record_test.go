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
func (p *post) settlementsFail(n int) {
	p.Helper()
	require.NoError(p, p.db.InTx(p.Context(), func(ctx context.Context, tx *pg.Tx) error {
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

func TestADatabaseThatIsAwayForAMomentCostsNoSecondMail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.settlementsFail(3)
	id := p.enqueue(code("anna@example.com"))
	var wg sync.WaitGroup
	wg.Go(p.pass)
	for range 3 {
		p.clock.BlockUntil(1)
		p.clock.Advance(settleAgain)
	}
	wg.Wait()
	require.Equal(t, Sent, p.delivery(id).Status)
	require.Equal(t, []Outcome{Delivered}, p.outcomes(id))
	p.pass()
	require.Len(t, p.inbox.All(), 1)
}

func TestAStopDoesNotWaitForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.settlementsFail(1000)
	p.enqueue(code("anna@example.com"))
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := p.worker.runOnce(ctx)
		failed <- err
	}()
	p.clock.BlockUntil(1)
	cancel()
	require.ErrorIs(t, <-failed, pg.ErrUnavailable)
}

func TestADeadLetterThatCannotBeToldCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: "nobody", Reply: "550 5.1.1 no such user"})
	var sent []uuid.UUID
	claimed := map[string]uuid.UUID{}
	for _, to := range []string{"anna", "nobody1", "bob", "nobody2", "carl"} {
		claimed[to] = p.enqueue(code(to + "@example.com"))
		sent = append(sent, claimed[to])
	}
	p.dead.fails = claimed["nobody1"]
	parcels, err := p.worker.store.claim(t.Context(), p.db, noon, batch, lease)
	require.NoError(t, err)
	require.Len(t, parcels, len(sent))
	results := make([]result, len(parcels))
	for i, parcel := range parcels {
		results[i] = p.worker.attempt(t.Context(), &p.worker.connections[0], parcel, noon)
	}
	require.ErrorContains(t, p.worker.settle(t.Context(), results, noon), "no room for the notification")
	for to, want := range map[string]Status{"anna": Sent, "bob": Sent, "carl": Sent, "nobody2": DeadLettered, "nobody1": Sending} {
		require.Equal(t, want, p.delivery(claimed[to]).Status, to)
	}
}

func TestALateReportTakesNoContentAway(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	overslept, err := p.worker.store.claim(t.Context(), p.db, noon, 1, -time.Second)
	require.NoError(t, err)
	_, err = p.worker.store.claim(t.Context(), p.db, noon, 1, lease)
	require.NoError(t, err)
	late := p.worker.judge(result{parcel: overslept[0]}, Delivered, "")
	require.NoError(t, p.worker.settle(t.Context(), []result{late}, noon))
	require.Equal(t, Sending, p.delivery(id).Status)
	require.Contains(t, p.bodies(id), "K7QM-3XZP", "who has the claim now still needs it")
}

func TestTheWorkerMayBeStartedAndStoppedAtWill(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for range 50 {
				if i%2 == 0 {
					_ = p.worker.Start(t.Context())
				} else {
					_ = p.worker.Stop(t.Context())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, p.worker.Start(t.Context()))
	p.enqueue(code("anna@example.com"))
	p.inbox.Next("anna@example.com", "")
	require.NoError(t, p.worker.Stop(t.Context()))
}
