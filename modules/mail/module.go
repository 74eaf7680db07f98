package mail

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	"galaxy/backend/platform/worker"
)

// Module wires the domain. It needs a Config and an SMTPConfig.
var Module = module.New("mail",
	fx.Provide(
		NewService,
		NewWorker,
		func(in hooksIn) Observers { return hook.Sorted(in.Observers) },
	),
	fx.Provide(worker.NewSignal, fx.Private), // wakes the worker
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Mail, "mail outbox", 20*time.Second, (*Worker).Start, (*Worker).Stop),
)

// Observers is every Observer, in the order in which they are called.
type Observers []Observer

type hooksIn struct {
	fx.In
	Observers []Observer `group:"hooks"`
}

// ProvideObserver registers hooks that are told of dead letters.
func ProvideObserver(constructors ...any) fx.Option { return hook.Provide[Observer](constructors...) }
