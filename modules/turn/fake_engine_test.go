package turn

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/engine"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fakeEngine does what docs/engine.md promises, in memory.
type fakeEngine struct {
	mu    sync.Mutex
	games map[uuid.UUID]*fakeEngineGame
}

func newFakeEngine() *fakeEngine { return &fakeEngine{games: map[uuid.UUID]*fakeEngineGame{}} }

// fakeEngineGame is one game. Tests set its fields between calls.
type fakeEngineGame struct {
	mu        sync.Mutex
	id        uuid.UUID
	turn      int
	state     enginev1.State // running when empty
	races     []enginev1.RaceStatus
	endsAt    int         // finished with this turn; 0: never
	noResult  bool        // of a game that is finished
	requested map[int]int // how often each turn was asked for
	generated map[int]int
	banished  []string
	events    []enginev1.Event // of every turn
	orders    enginev1.OrderRequest
	commands  map[string]bool     // by id
	report    *engine.ReportQuery // the last one

	// The next turn or banishment fails before it is done, the next turn after.
	failBefore, failAfter error
	failStatus            error
	failReport            error
	reportBody            []byte // in place of a report
	refuseOrders          bool
	during                func() // runs while a turn is generated
}

func (e *fakeEngine) add(id uuid.UUID, races []enginev1.RaceStatus) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.games[id] = &fakeEngineGame{
		id: id, races: races,
		requested: map[int]int{}, generated: map[int]int{}, commands: map[string]bool{},
	}
}

func (e *fakeEngine) game(id uuid.UUID) *fakeEngineGame {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.games[id]
}

func (g *fakeEngineGame) status() enginev1.Status {
	id, turn := g.id.String(), g.turn
	s := enginev1.Status{
		ContractVersion: 1, GameID: &id, State: enginev1.StateRunning, Turn: &turn,
		StateHash: fmt.Sprintf("hash-%d", turn), Races: slices.Clone(g.races),
	}
	if g.state != "" {
		s.State = g.state
	}
	if g.endsAt > 0 && turn >= g.endsAt {
		s.State, s.Finished = enginev1.StateFinished, true
	}
	if s.Finished && !g.noResult {
		s.Result = &enginev1.Result{Reason: enginev1.ResultTurnLimit, Winners: []string{"Race0"}}
	}
	return s
}

func (g *fakeEngineGame) race(name string) int {
	return slices.IndexFunc(g.races, func(r enginev1.RaceStatus) bool { return r.RaceName == name })
}

func (e *fakeEngine) Status(_ context.Context, game uuid.UUID) (enginev1.Status, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.failStatus; err != nil {
		return enginev1.Status{}, err
	}
	return g.status(), nil
}

func (e *fakeEngine) Turn(_ context.Context, game uuid.UUID, turn int) (enginev1.TurnResponse, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requested[turn]++
	if err := take(&g.failBefore); err != nil {
		return enginev1.TurnResponse{}, err
	}
	replayed := turn == g.turn
	if !replayed {
		if turn != g.turn+1 {
			return enginev1.TurnResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
		}
		g.generate(turn)
	}
	if during := g.during; during != nil {
		g.during = nil
		during()
	}
	if err := take(&g.failAfter); err != nil {
		return enginev1.TurnResponse{}, err
	}
	return enginev1.TurnResponse{Turn: turn, Replayed: replayed, Status: g.status(), Events: g.events}, nil
}

func (g *fakeEngineGame) generate(turn int) {
	g.turn = turn
	g.generated[turn]++
	for i := range g.races {
		r := &g.races[i]
		if r.IdleTurns++; r.HasOrders {
			r.IdleTurns = 0
		}
		r.HasOrders = false
	}
}

// take returns an error that is meant for one call.
func take(err *error) error {
	taken := *err
	*err = nil
	return taken
}

func (e *fakeEngine) Banish(_ context.Context, game uuid.UUID, race, _ string) (enginev1.BanishResponse, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := take(&g.failBefore); err != nil {
		return enginev1.BanishResponse{}, err
	}
	i := g.race(race)
	if i < 0 {
		return enginev1.BanishResponse{}, engine.ErrRaceNotFound
	}
	g.races[i].State = enginev1.RaceBanished
	g.banished = append(g.banished, race)
	return enginev1.BanishResponse{RaceName: race, State: enginev1.RaceBanished, Turn: g.turn}, nil
}

func (e *fakeEngine) Order(_ context.Context, game uuid.UUID, req enginev1.OrderRequest,
) (enginev1.OrderResponse, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	if req.Turn != g.turn {
		return enginev1.OrderResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
	}
	if g.refuseOrders {
		return enginev1.OrderResponse{RaceName: req.RaceName, Turn: req.Turn, Rejected: len(req.Orders)}, nil
	}
	g.orders = req
	g.races[g.race(req.RaceName)].HasOrders = true
	return enginev1.OrderResponse{
		RaceName: req.RaceName, Turn: req.Turn, Stored: true, OrderHash: fmt.Sprintf("%016x", len(req.Orders)),
		Accepted: len(req.Orders), Results: []enginev1.OrderResult{},
	}, nil
}

func (e *fakeEngine) Command(_ context.Context, game uuid.UUID, req enginev1.CommandRequest,
) (enginev1.CommandResponse, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	if req.Turn != g.turn {
		return enginev1.CommandResponse{}, engine.ErrTurnMismatch.With("current_turn", g.turn)
	}
	replayed := g.commands[req.CommandID]
	g.commands[req.CommandID] = true
	return enginev1.CommandResponse{
		RaceName: req.RaceName, Turn: req.Turn, CommandID: req.CommandID, Status: enginev1.CommandApplied, Replayed: replayed,
	}, nil
}

func (e *fakeEngine) Report(_ context.Context, game uuid.UUID, q engine.ReportQuery) (engine.Report, error) {
	g := e.game(game)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.report = &q
	if g.failReport != nil {
		return engine.Report{}, g.failReport
	}
	if g.reportBody != nil {
		return engine.Report{Status: 200, Body: g.reportBody}, nil
	}
	out := engine.Report{Status: 200, ETag: `"same"`, CacheControl: "private, no-cache"}
	switch {
	case q.IfNoneMatch == out.ETag:
		out.Status = 304
		return out, nil
	case q.Turn != nil && *q.Turn > g.turn:
		return engine.Report{}, engine.ErrTurnNotFound
	case q.Accept == engine.TextReport:
		out.ContentType, out.ETag, out.Body = "text/plain; charset=utf-8", `"text"`, []byte("Report for "+q.Race)
		return out, nil
	}
	report := enginev1.Report{GameID: game.String(), Turn: g.turn, Race: q.Race}
	if g.orders.RaceName == q.Race && g.orders.Turn == g.turn {
		report.Pending = &enginev1.Pending{Turn: g.turn, Orders: g.orders.Orders, Results: []enginev1.OrderResult{}}
	}
	var err error
	out.ContentType = "application/json; charset=utf-8"
	out.Body, err = json.Marshal(report)
	return out, err
}
