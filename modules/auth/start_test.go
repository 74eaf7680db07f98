package auth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/auth"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
)

func TestStartWarnsOfCodesThatLiveLongerThanTenMinutes(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for ttl, want := range map[time.Duration]int{10 * time.Minute: 0, 10*time.Minute + 1: 1} {
		core, logs := observer.New(zapcore.WarnLevel)
		cfg := defaultConfig()
		cfg.ChallengeTTL = ttl
		s := auth.NewService(db, clock.NewFake(noon), zap.New(core), cfg,
			auth.NewSessionCache(db, auth.CacheConfig{SessionsMax: 1}), nil, nil, nil, nil, nil, nil)
		require.NoError(t, s.Start(t.Context()))
		require.Equal(t, want, logs.FilterMessage("sign-in codes live longer than ten minutes").Len(), ttl)
	}
}

func TestStartFailsWithoutADatabase(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	s := auth.NewService(db, clock.NewFake(noon), zap.NewNop(), defaultConfig(),
		auth.NewSessionCache(db, auth.CacheConfig{SessionsMax: 1}), nil, nil, nil, nil, nil, nil)
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, db.Close(t.Context()))
	require.ErrorContains(t, s.Start(t.Context()), "make the code key")
}
