package geo

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
)

// What a request pays: no allocation once its user and address are known.
func TestCountingARequestAllocatesNothing(t *testing.T) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{})
	id := uuid.Must(uuid.NewV7())
	s.Seen(id, germany)
	require.Zero(t, testing.AllocsPerRun(1000, func() { s.Seen(id, germany) }))
}

func BenchmarkSeen(b *testing.B) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{})
	ids := make([]uuid.UUID, 10_000)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			s.Seen(ids[i%len(ids)], germany)
		}
	})
}

func BenchmarkCountry(b *testing.B) {
	s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{DBPath: testkit.MMDB(b)})
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Country(germany)
	}
}
