package module_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/module"
)

type speaker struct{ log *zap.Logger }

func TestAModulesLogLinesCarryItsName(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.InfoLevel)
	var s *speaker
	var outside *zap.Logger
	app := fx.New(fx.NopLogger, fx.Supply(zap.New(core)), fx.Populate(&s, &outside),
		module.New("lobby", fx.Provide(func(log *zap.Logger) *speaker { return &speaker{log} })))
	require.NoError(t, app.Err())

	s.log.Info("inside")
	outside.Info("outside")

	require.Equal(t, "lobby", lines.FilterMessage("inside").All()[0].LoggerName)
	require.Empty(t, lines.FilterMessage("outside").All()[0].LoggerName)
}
