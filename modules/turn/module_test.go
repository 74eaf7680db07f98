package turn

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// The module as the product wires it, but for its neighbours.
func TestModuleMakesATurnByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var server *httpx.Server
	testkit.Boot(t, Module, httpServer(nil, f.auditor), fx.Supply(config()),
		testkit.StandIn[*pg.DB](f.db), testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[Games](f.games), testkit.StandIn[GameReader](f.games), testkit.StandIn[GameRecorder](f.games),
		testkit.StandIn[EngineLeaser](f.leaser),
		testkit.StandIn[Generator](f.engine), testkit.StandIn[PlayerAPI](f.engine),
		testkit.StandIn[Notifier](f.notifier), testkit.StandIn[admin.Auditor](f.auditor),
		fx.Populate(&server, &f.games.observer, &f.service))
	f.observer = f.games.observer
	f.clock.BlockUntil(1) // the loop's first pass is over
	g := f.startGame(hourly(), 1)
	f.clock.BlockUntil(2) // it heard of the game and set the alarm
	f.submitAll(g)
	made := make(chan struct{})
	f.engine.game(g.ID).during = func() { close(made) }
	f.clock.Advance(time.Hour)
	<-made
	api := testkit.Client(t, "http://"+server.Addr().String())
	api.User(f.user(g, 0)).Get("/api/v1/user/games/" + g.ID.String() + "/turns").Want(http.StatusOK)
}
