package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

func TestASignalThatIsSentSeveralTimesIsOne(t *testing.T) {
	t.Parallel()
	s := worker.NewSignal()
	require.Empty(t, s.C())
	for range 3 {
		s.Send()
	}
	<-s.C()
	require.Empty(t, s.C())
	s.Send()
	<-s.C()
}

func TestALoopIsWokenByTheSignalItWasMadeWith(t *testing.T) {
	t.Parallel()
	clk, p, s := clock.NewFake(noon), newPasses(), worker.NewSignal()
	s.Send() // before the loop exists
	l := worker.NewLoop("test", time.Minute, clk, zap.NewNop(), p.pass, worker.WithSignal(s))
	require.NoError(t, l.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, l.Stop(context.Background())) })
	<-p.c // the start
	<-p.c // the signal
	clk.BlockUntil(1)
	s.Send()
	<-p.c
	clk.BlockUntil(1)
	l.Wake()
	<-p.c
	require.Empty(t, s.C())
}
