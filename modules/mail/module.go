package mail

import (
	"cmp"
	"slices"
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config and an SMTPConfig.
var Module = fx.Module("mail",
	fx.Provide(
		NewService,
		NewWorker,
		func(a *admin.Service) Auditor { return a },
		fx.Annotate(inNameOrder, fx.ParamTags(`group:"mail.observers"`)),
	),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Mail, "mail outbox", 20*time.Second, (*Worker).Start, (*Worker).Stop),
)

// Observers is every Observer, in the order in which they are called.
type Observers []Observer

// inNameOrder fixes the order: fx shuffles value groups on purpose.
func inNameOrder(group []Observer) Observers {
	return slices.SortedFunc(slices.Values(group), func(a, b Observer) int { return cmp.Compare(a.Name(), b.Name()) })
}
