package runtime

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestARequestWithoutItsAuditRowIsNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.auditor.Fail(errBroken)
	_, err := f.s.Request(t.Context(), game, OpStop)
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, f.s.Reconcile(t.Context(), game), errBroken)
	_, err = f.inspector.Probe(t.Context(), game)
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, WantRunning, f.record(game).Desired)
	require.Zero(t, f.converge())
}

func TestRequestsFromManyOperatorsLeaveOneOperationUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	var wg sync.WaitGroup
	for i := range 12 {
		kind := []OperationKind{OpStop, OpRestart, OpStart}[i%3]
		wg.Go(func() {
			if _, err := f.s.Request(f.Context(), game, kind); err != nil {
				f.Errorf("request %s: %v", kind, err)
			}
		})
	}
	wg.Wait()
	f.converge()
	all, err := f.s.Operations(t.Context(), game, uuid.Nil, 100)
	require.NoError(t, err)
	ended := map[OperationStatus]int{}
	for _, o := range all {
		ended[o.Status]++
	}
	require.Equal(t, 2, ended[OpSucceeded], "the first start and the last request")
	require.Equal(t, len(all)-2, ended[OpSuperseded])
}
