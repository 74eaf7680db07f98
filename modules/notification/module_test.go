package notification

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/push/pushtest"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestTheModuleWakesItsWorkerWhenMailIsDue(t *testing.T) {
	t.Parallel()
	mailer, pusher := &mailtest.Outbox{}, &pushtest.Recorder{}
	clk := clock.NewFake(noon)
	var service *Service
	var db *pg.DB
	testkit.Boot(t, Module,
		fx.Supply(Config{AdminEmail: "ops@example.com", WorkerInterval: time.Hour, MaxAttempts: maxAttempts}),
		testkit.StandIn[Mailer](mailer), testkit.StandIn[Pusher](pusher), testkit.StandIn[Accounts](&usertest.Accounts{}),
		testkit.StandIn[clock.Clock](clk), fx.Populate(&service, &db))
	clk.BlockUntil(1)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return service.Submit(ctx, tx, imagePullFailed("k"))
	}))
	require.Eventually(t, func() bool { return len(mailer.Recipients()) == 1 }, 10*time.Second, 5*time.Millisecond)
}
