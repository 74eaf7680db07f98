package racename

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fresh is the service as another process has it, warmed.
func (f *fixture) fresh(most int) *Service {
	f.Helper()
	s := NewService(f.db, f.clock, f.s.cfg, CacheConfig{RaceNameKeysMax: most}, f.users, f.intents)
	require.NoError(f, s.Start(f.Context()))
	return s
}

func TestAWarmedCacheAnswersWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.reserve(ada, "Zorg")
	fresh := f.fresh(10)
	before := f.db.Traffic().RoundTrips
	_, answer, err := fresh.Availability(t.Context(), ada, "Zorg")
	require.NoError(t, err)
	require.Equal(t, Yours, answer)
	require.Equal(t, before, f.db.Traffic().RoundTrips)
}

func TestNoMoreKeysAreWarmedThanFit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	for _, name := range []string{"Zorg", "Vogon", "Klingon"} {
		f.reserve(ada, name)
	}
	fresh := f.fresh(2)
	require.Equal(t, 2, fresh.keys.Len())
	for _, name := range []string{"Zorg", "Vogon", "Klingon"} {
		_, answer, err := fresh.Availability(t.Context(), ada, name)
		require.NoError(t, err)
		require.Equal(t, Yours, answer, "others are read when somebody asks")
	}
	require.LessOrEqual(t, fresh.keys.Len(), 2)
}
