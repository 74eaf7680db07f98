package main

import (
	"errors"
	"time"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/geo"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/turn"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/docker"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/telemetry"
)

// Config is the whole configuration: BACKEND_ and the path of field names. The
// sections' types belong to their modules.
type Config struct {
	Process
	push.Config

	HTTP         httpx.Config
	GRPCPush     grpcx.Config `split_words:"true"`
	Gateway      httpx.GatewayConfig
	TLS          httpx.TLSConfig
	Logging      telemetry.LoggingConfig
	OTel         telemetry.Config
	Pprof        telemetry.PprofConfig
	Postgres     pg.Config
	SMTP         mail.SMTPConfig
	Mail         mail.Config
	Docker       docker.Config
	Game         driver.StateConfig
	Runtime      runtime.Config
	Engine       engine.Config
	Admin        admin.Config
	GeoIP        geo.Config
	Auth         auth.Config
	User         user.Config
	Lobby        Lobby
	Turn         turn.Config
	Notification notification.Config
	Cache        Caches
}

// Process is what belongs to no module.
type Process struct {
	ShutdownTimeout time.Duration         `split_words:"true" default:"30s" desc:"process-wide cap on the shutdown of each component"`
	ServiceName     telemetry.ServiceName `split_words:"true" default:"galaxy-backend" desc:"resource attribute for telemetry"`
}

// Validate reports every problem of the section.
func (p Process) Validate() error {
	var errs []error
	if p.ShutdownTimeout <= 0 {
		errs = append(errs, errors.New("BACKEND_SHUTDOWN_TIMEOUT must be positive"))
	}
	if p.ServiceName == "" {
		errs = append(errs, errors.New("BACKEND_SERVICE_NAME must not be empty"))
	}
	return errors.Join(errs...)
}

// Lobby is BACKEND_LOBBY_*: games, their ways in and the names of races.
type Lobby struct {
	GameConfig
	RaceNameConfig
	LobbyConfig
}

// Embedded, so that the modules' names need no prefix of their own.
type (
	GameConfig     = game.Config
	RaceNameConfig = racename.Config
	LobbyConfig    = lobby.Config
)

// Caches are the ceilings BACKEND_CACHE_*_MAX.
type Caches struct {
	UserCache
	AuthCache
	GameCache
	RaceNameCache
	RuntimeCache
}

// Embedded, so that the modules' names need no prefix of their own.
type (
	UserCache     = user.CacheConfig
	AuthCache     = auth.CacheConfig
	GameCache     = game.CacheConfig
	RaceNameCache = racename.CacheConfig
	RuntimeCache  = runtime.CacheConfig
)

// sections lists what validates itself, by the name of its variables.
func (c Config) sections() []interface{ Validate() error } {
	return []interface{ Validate() error }{
		c.Process, c.Config, c.HTTP, c.GRPCPush, c.Gateway, c.TLS, c.Logging, c.OTel, c.Pprof, c.Postgres, c.SMTP, c.Mail, c.Game,
		c.Runtime, c.Engine, c.Admin, c.GeoIP, c.Auth, c.User, c.Lobby.GameConfig, c.Lobby.RaceNameConfig, c.Lobby.LobbyConfig, c.Turn, c.Notification,
		c.Cache.UserCache, c.Cache.AuthCache, c.Cache.GameCache, c.Cache.RaceNameCache, c.Cache.RuntimeCache,
	}
}

// Validate reports every problem of every section. The Docker section counts
// with its driver alone.
func (c Config) Validate() error {
	var errs []error
	for _, s := range c.sections() {
		errs = append(errs, s.Validate())
	}
	if c.Runtime.Driver == "docker" {
		errs = append(errs, c.Docker.Validate())
	}
	return errors.Join(errs...)
}

// doubts are settings that work and that production hardly means.
func (c Config) doubts() []string {
	if len(c.HTTP.TrustedProxies) > 0 {
		return nil
	}
	return []string{"BACKEND_HTTP_TRUSTED_PROXIES is empty: the gateway counts as the one client of all requests, for countries and for the caps on mail"}
}
