package runtime

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
	enginev1 "galaxy/backend/proto/engine/v1"
)

type adminRoutes struct {
	service   *Service
	inspector *Inspector
}

func newAdminRoutes(s *Service, i *Inspector) httpx.Table {
	h := adminRoutes{s, i}
	const one = "/runtimes/{game_id}"
	return httpx.Admin("runtime",
		httpx.Route{Op: "listRuntimes", Method: http.MethodGet, Path: "/runtimes", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "getRuntime", Method: http.MethodGet, Path: one, Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "listRuntimeOperations", Method: http.MethodGet, Path: one + "/operations", Role: httpx.Viewer, Handle: httpx.JSON(200, h.operations)},
		httpx.Route{Op: "getRuntimeLogs", Method: http.MethodGet, Path: one + "/logs", Role: httpx.Operator, Handle: httpx.JSON(200, h.logs)},
		httpx.Route{Op: "getRuntimeStats", Method: http.MethodGet, Path: one + "/stats", Role: httpx.Viewer, Handle: httpx.JSON(200, h.stats)},
		httpx.Route{Op: "startRuntime", Method: http.MethodPost, Path: one + "/start", Role: httpx.Operator, Handle: httpx.JSON(202, h.start)},
		httpx.Route{Op: "stopRuntime", Method: http.MethodPost, Path: one + "/stop", Role: httpx.Operator, Handle: httpx.JSON(202, h.stop)},
		httpx.Route{Op: "restartRuntime", Method: http.MethodPost, Path: one + "/restart", Role: httpx.Operator, Handle: httpx.JSON(202, h.restart)},
		httpx.Route{Op: "reconcileRuntime", Method: http.MethodPost, Path: one + "/reconcile", Role: httpx.Operator, Handle: httpx.Empty(202, h.reconcile)},
		httpx.Route{Op: "probeRuntime", Method: http.MethodPost, Path: one + "/probe", Role: httpx.Operator, Handle: httpx.JSON(200, h.probe), Timeout: probeTimeout},
		httpx.Route{Op: "removeRuntime", Method: http.MethodDelete, Path: one, Role: httpx.Operator, Handle: httpx.JSON(202, h.remove)},
		httpx.Route{Op: "getOperation", Method: http.MethodGet, Path: "/operations/{operation_id}", Role: httpx.Viewer, Handle: httpx.JSON(200, h.operation)},
	)
}

// probeTimeout leaves room for a look at the driver and two calls of the engine.
const probeTimeout = 40 * time.Second

type runtimeView struct {
	GameID        uuid.UUID  `json:"game_id"`
	Desired       Desired    `json:"desired"`
	Observed      Observed   `json:"observed"`
	Version       string     `json:"version"`
	Generation    int        `json:"generation"`
	Source        Source     `json:"source"`
	OperationID   *uuid.UUID `json:"operation_id"`
	ContainerID   string     `json:"container_id"`
	Image         string     `json:"image"`
	Endpoint      string     `json:"endpoint"`
	StateDir      string     `json:"state_dir"`
	InitializedAt *time.Time `json:"initialized_at"`
	LaunchedAt    *time.Time `json:"launched_at"`
	LastSeenAt    *time.Time `json:"last_seen_at"`
	ExitCode      *int       `json:"exit_code"`
	OOM           bool       `json:"oom"`
	Failures      int        `json:"failures"`
	Restarts      int        `json:"restarts"`
	ErrorCode     string     `json:"error_code"`
	Error         string     `json:"error"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

func viewOf(r Record) runtimeView {
	return runtimeView{
		GameID: r.GameID, Desired: r.Desired, Observed: r.Observed, Version: r.Version, Generation: r.Generation,
		Source: r.Source, OperationID: r.OperationID, ContainerID: r.ContainerID, Image: r.Image, Endpoint: r.Endpoint,
		StateDir: r.StateDir, InitializedAt: r.InitializedAt, LaunchedAt: r.LaunchedAt, LastSeenAt: r.LastSeenAt,
		ExitCode: r.ExitCode, OOM: r.OOM, Failures: r.Failures, Restarts: r.Restarts, ErrorCode: r.LastCode,
		Error: r.LastError, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

type operationView struct {
	OperationID uuid.UUID       `json:"operation_id"`
	GameID      uuid.UUID       `json:"game_id"`
	Kind        OperationKind   `json:"kind"`
	Status      OperationStatus `json:"status"`
	Source      Source          `json:"source"`
	Actor       string          `json:"actor"`
	RequestID   string          `json:"request_id"`
	Generation  int             `json:"generation"`
	ErrorCode   string          `json:"error_code"`
	Error       string          `json:"error"`
	CreatedAt   time.Time       `json:"created_at"`
	StartedAt   *time.Time      `json:"started_at"`
	FinishedAt  *time.Time      `json:"finished_at"`
}

func viewOfOperation(o Operation) operationView {
	return operationView{
		OperationID: o.ID, GameID: o.GameID, Kind: o.Kind, Status: o.Status, Source: o.Source, Actor: o.Actor,
		RequestID: o.RequestID, Generation: o.Generation, ErrorCode: o.ErrorCode, Error: o.ErrorMessage,
		CreatedAt: o.CreatedAt, StartedAt: o.StartedAt, FinishedAt: o.FinishedAt,
	}
}

type listRuntimes struct {
	httpx.Page
	Status  string `query:"status"`
	Version string `query:"version"`
}

func (h adminRoutes) list(ctx context.Context, in listRuntimes) (httpx.List[runtimeView], error) {
	read := func(before uuid.UUID, n int) ([]Record, error) {
		return h.service.Records(ctx, Filter{Observed: Observed(in.Status), Version: in.Version, Before: before, Limit: n})
	}
	return httpx.PageByID("runtimes", in.Page, read, viewOf, func(r Record) uuid.UUID { return r.GameID })
}

type byGame struct {
	GameID uuid.UUID `path:"game_id"`
}

func (h adminRoutes) get(ctx context.Context, in byGame) (runtimeView, error) {
	r, err := h.service.Record(ctx, in.GameID)
	return viewOf(r), err
}

type listRuntimeOperations struct {
	byGame
	httpx.Page
}

func (h adminRoutes) operations(ctx context.Context, in listRuntimeOperations) (httpx.List[operationView], error) {
	read := func(before uuid.UUID, n int) ([]Operation, error) {
		return h.service.Operations(ctx, in.GameID, before, n)
	}
	return httpx.PageByID("operations", in.Page, read, viewOfOperation, func(o Operation) uuid.UUID { return o.ID })
}

type byOperation struct {
	OperationID uuid.UUID `path:"operation_id"`
}

func (h adminRoutes) operation(ctx context.Context, in byOperation) (operationView, error) {
	o, err := h.service.Operation(ctx, in.OperationID)
	return viewOfOperation(o), err
}

func (h adminRoutes) start(ctx context.Context, in byGame) (httpx.Response[operationView], error) {
	return h.request(ctx, in, OpStart)
}

func (h adminRoutes) stop(ctx context.Context, in byGame) (httpx.Response[operationView], error) {
	return h.request(ctx, in, OpStop)
}

func (h adminRoutes) restart(ctx context.Context, in byGame) (httpx.Response[operationView], error) {
	return h.request(ctx, in, OpRestart)
}

func (h adminRoutes) remove(ctx context.Context, in byGame) (httpx.Response[operationView], error) {
	return h.request(ctx, in, OpRemove)
}

func (h adminRoutes) request(
	ctx context.Context, in byGame, kind OperationKind,
) (httpx.Response[operationView], error) {
	o, err := h.service.Request(ctx, in.GameID, kind)
	return httpx.Response[operationView]{
		Body: viewOfOperation(o), Header: http.Header{"Location": {"/api/v1/admin/operations/" + o.ID.String()}},
	}, err
}

func (h adminRoutes) reconcile(ctx context.Context, in byGame) error {
	return h.service.Reconcile(ctx, in.GameID)
}

type readLogs struct {
	byGame
	Lines int `query:"lines"`
}

type logsView struct {
	Lines []string `json:"lines"`
}

func (h adminRoutes) logs(ctx context.Context, in readLogs) (logsView, error) {
	lines, err := h.inspector.Logs(ctx, in.GameID, in.Lines)
	if lines == nil {
		lines = []string{}
	}
	return logsView{lines}, err
}

type statsView struct {
	At          time.Time `json:"at"`
	CPUSeconds  float64   `json:"cpu_seconds"`
	Memory      int64     `json:"memory_bytes"`
	MemoryLimit int64     `json:"memory_limit_bytes"`
	Pids        int64     `json:"pids"`
}

func (h adminRoutes) stats(ctx context.Context, in byGame) (statsView, error) {
	s, err := h.inspector.Stats(ctx, in.GameID)
	return statsView{At: s.At, CPUSeconds: s.CPU.Seconds(), Memory: s.Memory, MemoryLimit: s.MemoryLimit,
		Pids: s.Pids}, err
}

type probeView struct {
	Phase   string      `json:"phase"`
	Foreign bool        `json:"foreign"`
	Healthy bool        `json:"healthy"`
	Reason  string      `json:"reason"`
	Engine  *engineView `json:"engine"`
}

type engineView struct {
	State         enginev1.State `json:"state"`
	EngineVersion string         `json:"engine_version"`
	Turn          *int           `json:"turn"`
	Generating    bool           `json:"generating"`
	Finished      bool           `json:"finished"`
	StateHash     string         `json:"state_hash"`
}

func (h adminRoutes) probe(ctx context.Context, in byGame) (probeView, error) {
	p, err := h.inspector.Probe(ctx, in.GameID)
	out := probeView{Phase: string(p.Phase), Foreign: p.Foreign, Healthy: p.Healthy, Reason: p.Reason}
	if s := p.Status; s != nil {
		out.Engine = &engineView{
			State: s.State, EngineVersion: s.EngineVersion, Turn: s.Turn, Generating: s.Generating, Finished: s.Finished,
			StateHash: s.StateHash,
		}
	}
	return out, err
}
