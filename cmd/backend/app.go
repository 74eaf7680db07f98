package main

import (
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/geo"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/turn"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/telemetry"
)

// modules is the program: the machinery, then the domains in their order. Their
// order here means nothing (TestThePlanIsTheSameForAnyOrderOfModules).
func modules() []fx.Option {
	return []fx.Option{
		lifecycle.Module, telemetry.Module, httpx.Module, grpcx.Module, storage,
		admin.Module, mail.Module, push.Module, engine.Module, user.Module, geo.Module, auth.Module,
		notification.Module, engineversion.Module, runtime.Module, racename.Module, game.Module, lobby.Module, turn.Module,
	}
}

// supply hands every section of the configuration to its module.
func supply(c Config) fx.Option {
	// A turn's runs are bounded by what bounds the engines themselves.
	c.Turn.PoolSize, c.Turn.CallTimeout = c.Runtime.WorkerPoolSize, c.Engine.CallTimeout
	// One interval for the sweepers of what was one domain.
	c.Lobby.RaceNameConfig.SweepInterval = c.Lobby.SweeperInterval
	c.Lobby.LobbyConfig.SweepInterval = c.Lobby.SweeperInterval
	return fx.Options(
		fx.Supply(lifecycle.Cap(c.ShutdownTimeout), c.ServiceName, c.Config, c.HTTP, c.GRPCPush, c.Gateway, c.TLS,
			c.Logging, c.OTel, c.Pprof, c.Postgres, c.SMTP, c.Mail, c.Docker, c.Game, c.Runtime, c.Engine, c.Admin,
			c.GeoIP, c.Auth, c.User, c.Lobby.GameConfig, c.Lobby.RaceNameConfig, c.Lobby.LobbyConfig, c.Turn,
			c.Notification, c.Cache.UserCache, c.Cache.AuthCache, c.Cache.GameCache, c.Cache.RaceNameCache,
			c.Cache.RuntimeCache),
		fx.Provide(func() clock.Clock { return clock.System{} }),
	)
}

// program is everything fx needs to build the graph. Building it does no I/O.
func program(c Config, l lock, modules []fx.Option) []fx.Option {
	return append([]fx.Option{
		fx.WithLogger(func(log *zap.Logger) fxevent.Logger {
			events := &fxevent.ZapLogger{Logger: log.Named("fx")}
			events.UseLogLevel(zapcore.DebugLevel)
			return events
		}),
		fx.StartTimeout(startTimeout),
		fx.Supply(l),
		supply(c),
	}, modules...)
}
