package turn

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	return httpx.Admin("turn",
		httpx.Route{Op: "listTurnRuns", Method: http.MethodGet, Path: "/games/{game_id}/turns", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "getTurnRuns", Method: http.MethodGet, Path: "/games/{game_id}/turns/{turn}", Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "advanceTurn", Method: http.MethodPost, Path: "/games/{game_id}/turns/advance", Role: httpx.Operator, Handle: httpx.JSON(202, h.advance)},
		httpx.Route{Op: "retryTurn", Method: http.MethodPost, Path: "/games/{game_id}/turns/retry", Role: httpx.Operator, Handle: httpx.JSON(202, h.retry)},
		httpx.Route{Op: "extendTurnByOperator", Method: http.MethodPost, Path: "/games/{game_id}/extend", Role: httpx.Operator, Handle: httpx.JSON(200, h.extend)},
		httpx.Route{Op: "banishRace", Method: http.MethodPost, Path: "/games/{game_id}/races/{race_name}/banish", Role: httpx.Operator, Handle: httpx.JSON(202, h.banish)},
	)
}

type runView struct {
	ID           uuid.UUID  `json:"run_id"`
	Game         uuid.UUID  `json:"game_id"`
	Kind         string     `json:"kind"`
	Cause        string     `json:"cause"`
	Turn         *int       `json:"turn"`
	RaceName     *string    `json:"race_name"`
	Epoch        int        `json:"epoch"`
	Status       string     `json:"status"`
	RequestedBy  string     `json:"requested_by"`
	Attempts     int        `json:"attempts"`
	NextAttempt  *time.Time `json:"next_attempt_at"`
	EngineBefore *int       `json:"engine_turn_before"`
	EngineAfter  *int       `json:"engine_turn_after"`
	Replayed     bool       `json:"replayed"`
	DurationMS   *int64     `json:"duration_ms"`
	ErrorCode    string     `json:"error_code"`
	Error        string     `json:"error"`
	StateHash    string     `json:"state_hash"`
	DueAt        time.Time  `json:"due_at"`
	CreatedAt    time.Time  `json:"created_at"`
	StartedAt    *time.Time `json:"started_at"`
	FinishedAt   *time.Time `json:"finished_at"`
}

func viewRun(r Run) runView {
	v := runView{
		ID: r.ID, Game: r.GameID, Kind: r.Kind, Cause: r.Cause, Turn: r.Turn, RaceName: r.RaceName, Epoch: r.Epoch,
		Status: r.Status, RequestedBy: r.RequestedBy, Attempts: r.Attempts, EngineBefore: r.EngineBefore,
		EngineAfter: r.EngineAfter, Replayed: r.Replayed, DurationMS: r.DurationMS, ErrorCode: r.ErrorCode,
		Error: r.Error, StateHash: r.StateHash, DueAt: r.DueAt, CreatedAt: r.CreatedAt, StartedAt: r.StartedAt,
		FinishedAt: r.FinishedAt,
	}
	if r.Status == RunQueued {
		v.NextAttempt = &r.NextAttemptAt
	}
	return v
}

func (h adminRoutes) list(ctx context.Context, in listTurns) (httpx.List[runView], error) {
	read := func(before uuid.UUID, n int) ([]Run, error) { return h.service.Runs(ctx, in.Game, before, n) }
	return httpx.PageByID("turn_runs", in.Page, read, viewRun, func(r Run) uuid.UUID { return r.ID })
}

type turnPath struct {
	Game uuid.UUID `path:"game_id"`
	Turn int       `path:"turn"`
}

type turnRunsView struct {
	Turn int       `json:"turn"`
	Runs []runView `json:"runs"`
}

func (h adminRoutes) get(ctx context.Context, in turnPath) (turnRunsView, error) {
	runs, err := h.service.RunsOfTurn(ctx, in.Game, in.Turn)
	out := turnRunsView{Turn: in.Turn, Runs: []runView{}}
	for _, r := range runs {
		out.Runs = append(out.Runs, viewRun(r))
	}
	return out, err
}

type advanceTurn struct {
	Game         uuid.UUID `path:"game_id"`
	KeepDeadline bool      `json:"keep_deadline"`
}

func (h adminRoutes) advance(ctx context.Context, in advanceTurn) (httpx.Response[runView], error) {
	r, err := h.service.Advance(ctx, in.Game, in.KeepDeadline)
	return accepted(r), err
}

func (h adminRoutes) retry(ctx context.Context, in gamePath) (httpx.Response[runView], error) {
	r, err := h.service.Retry(ctx, in.Game)
	return accepted(r), err
}

func (h adminRoutes) extend(ctx context.Context, in extendTurn) (deadlineView, error) {
	c, err := h.service.Extend(ctx, in.Game, uuid.Nil, in.Until)
	return viewDeadline(c), err
}

type banishRace struct {
	Game uuid.UUID `path:"game_id"`
	Race string    `path:"race_name"`
}

func (h adminRoutes) banish(ctx context.Context, in banishRace) (runView, error) {
	r, err := h.service.Banish(ctx, in.Game, in.Race)
	return viewRun(r), err
}

// accepted points to where the turn can be read.
func accepted(r Run) httpx.Response[runView] {
	where := fmt.Sprintf("/api/v1/admin/games/%s/turns/%d", r.GameID, r.Target())
	return httpx.Response[runView]{Body: viewRun(r), Header: http.Header{"Location": {where}}}
}
