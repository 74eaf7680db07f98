package turn

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/httpx"
	enginev1 "galaxy/backend/proto/engine/v1"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service, cfg Config) httpx.Table {
	h := userRoutes{s}
	timeout := cfg.CallTimeout + 5*time.Second // an order waits for its engine, not for the server's own limit
	return httpx.User("turn",
		httpx.Route{Op: "getOrders", Method: http.MethodGet, Path: "/games/{game_id}/orders", Handle: httpx.JSON(200, h.orders), Timeout: timeout},
		httpx.Route{Op: "putOrders", Method: http.MethodPut, Path: "/games/{game_id}/orders", Handle: httpx.JSON(200, h.putOrders), MaxBody: enginev1.MaxOrderBody, Timeout: timeout},
		httpx.Route{Op: "giveCommand", Method: http.MethodPost, Path: "/games/{game_id}/commands", Handle: httpx.JSON(200, h.command), Timeout: timeout},
		httpx.Route{Op: "setReady", Method: http.MethodPut, Path: "/games/{game_id}/ready", Handle: httpx.JSON(200, h.ready)},
		httpx.Route{Op: "withdrawReady", Method: http.MethodDelete, Path: "/games/{game_id}/ready", Handle: httpx.JSON(200, h.withdraw)},
		httpx.Route{Op: "listTurns", Method: http.MethodGet, Path: "/games/{game_id}/turns", Handle: httpx.JSON(200, h.turns)},
		httpx.Route{Op: "extendTurn", Method: http.MethodPost, Path: "/lobby/games/{game_id}/extend", Handle: httpx.JSON(200, h.extend)},
		httpx.Route{Op: "getReport", Method: http.MethodGet, Path: "/games/{game_id}/reports/{turn}", Handle: httpx.JSON(200, h.report)},
	)
}

type gamePath struct {
	Game uuid.UUID `path:"game_id"`
}

type orderListView struct {
	RaceName string                 `json:"race_name"`
	Turn     int                    `json:"turn"`
	Orders   []enginev1.Order       `json:"orders"`
	Results  []enginev1.OrderResult `json:"results"`
}

func (h userRoutes) orders(ctx context.Context, in gamePath) (orderListView, error) {
	list, err := h.service.Orders(ctx, in.Game, httpx.UserID(ctx))
	return orderListView(list), err
}

type putOrders struct {
	Game   uuid.UUID        `path:"game_id"`
	Turn   int              `json:"turn"`
	Mode   string           `json:"mode"`
	Orders []enginev1.Order `json:"orders"`
}

func (h userRoutes) putOrders(ctx context.Context, in putOrders) (enginev1.OrderResponse, error) {
	req := enginev1.OrderRequest{Turn: in.Turn, Mode: in.Mode, Orders: in.Orders}
	return h.service.PutOrders(ctx, in.Game, httpx.UserID(ctx), req)
}

type giveCommand struct {
	Game    uuid.UUID       `path:"game_id"`
	Turn    int             `json:"turn"`
	Command json.RawMessage `json:"command"`
}

func (h userRoutes) command(ctx context.Context, in giveCommand) (enginev1.CommandResponse, error) {
	return h.service.Command(ctx, in.Game, httpx.UserID(ctx), in.Turn, httpx.IdempotencyKey(ctx), in.Command)
}

type setReady struct {
	Game uuid.UUID `path:"game_id"`
	Turn int       `json:"turn"`
}

type readinessView struct {
	Turn     int  `json:"turn"`
	Ready    bool `json:"ready"`
	Awaited  int  `json:"awaited"`
	NotReady int  `json:"not_ready"`
}

func (h userRoutes) ready(ctx context.Context, in setReady) (readinessView, error) {
	r, err := h.service.Ready(ctx, in.Game, httpx.UserID(ctx), in.Turn)
	return readinessView(r), err
}

func (h userRoutes) withdraw(ctx context.Context, in gamePath) (readinessView, error) {
	r, err := h.service.Withdraw(ctx, in.Game, httpx.UserID(ctx))
	return readinessView(r), err
}

type listTurns struct {
	httpx.Page
	Game uuid.UUID `path:"game_id"`
}

type submissionView struct {
	RaceName  string `json:"race_name"`
	Submitted bool   `json:"submitted"`
	Ready     bool   `json:"ready"`
	Awaited   bool   `json:"awaited"`
}

type outcomeView struct {
	RaceName string  `json:"race_name"`
	Outcome  *string `json:"outcome"`
}

type turnView struct {
	Turn     int           `json:"turn"`
	MadeAt   *time.Time    `json:"made_at"`
	Cause    string        `json:"cause"`
	Outcomes []outcomeView `json:"outcomes"`
}

type turnListView struct {
	CurrentTurn int              `json:"current_turn"`
	Clock       string           `json:"clock"`
	NextTurnAt  *time.Time       `json:"next_turn_at"`
	Submissions []submissionView `json:"submissions"`
	Items       []turnView       `json:"items"`
	NextCursor  *string          `json:"next_cursor"`
}

func (h userRoutes) turns(ctx context.Context, in listTurns) (turnListView, error) {
	below, err := turnCursor(in.Cursor)
	if err != nil {
		return turnListView{}, err
	}
	p, err := h.service.Progress(ctx, in.Game, httpx.UserID(ctx), below, in.Limit+1)
	if err != nil {
		return turnListView{}, err
	}
	page := httpx.PageOf(p.Completed, in.Limit, viewTurn, func(t CompletedTurn) string {
		return httpx.EncodeCursor("turns", strconv.Itoa(t.Run.Target()))
	})
	out := turnListView{
		CurrentTurn: p.Clock.Turn, Clock: p.Clock.Status, NextTurnAt: p.Clock.NextTurnAt,
		Submissions: []submissionView{}, Items: page.Items, NextCursor: page.NextCursor,
	}
	for _, s := range p.Submissions {
		out.Submissions = append(out.Submissions, submissionView{
			RaceName: s.RaceName, Submitted: s.Submitted(), Ready: s.ReadyAt != nil, Awaited: s.Awaited,
		})
	}
	return out, nil
}

func viewTurn(t CompletedTurn) turnView {
	v := turnView{Turn: t.Run.Target(), MadeAt: t.Run.FinishedAt, Cause: t.Run.Cause, Outcomes: []outcomeView{}}
	for _, s := range t.Submissions {
		v.Outcomes = append(v.Outcomes, outcomeView{s.RaceName, s.Outcome})
	}
	return v
}

// turnCursor is the turn below which a list goes on.
func turnCursor(cursor string) (int, error) {
	parts, err := httpx.DecodeCursor("turns", cursor, 1)
	if err != nil || parts == nil {
		return math.MaxInt32, err
	}
	turn, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return 0, httpx.Invalid("cursor", "invalid_cursor", "the cursor is not one that this list gave out")
	}
	return int(turn), nil
}

type extendTurn struct {
	Game  uuid.UUID `path:"game_id"`
	Until time.Time `json:"next_turn_at"`
}

type deadlineView struct {
	Turn       int        `json:"turn"`
	NextTurnAt *time.Time `json:"next_turn_at"`
	Extended   int64      `json:"extended_seconds"`
}

func viewDeadline(c pace.Clock) deadlineView {
	return deadlineView{Turn: c.Turn, NextTurnAt: c.NextTurnAt, Extended: int64(c.ExtendedTotal / time.Second)}
}

func (h userRoutes) extend(ctx context.Context, in extendTurn) (deadlineView, error) {
	c, err := h.service.Extend(ctx, in.Game, httpx.UserID(ctx), in.Until)
	return viewDeadline(c), err
}

type getReport struct {
	Game   uuid.UUID `path:"game_id"`
	Turn   string    `path:"turn"`
	Accept string    `header:"Accept"`
	ETag   string    `header:"If-None-Match"`
}

func (h userRoutes) report(ctx context.Context, in getReport) (httpx.Raw, error) {
	var turn *int
	if in.Turn != "latest" {
		n, err := strconv.Atoi(in.Turn)
		if err != nil {
			return httpx.Raw{}, httpx.Invalid("turn", "invalid", "a turn is a number or latest")
		}
		turn = &n
	}
	r, err := h.service.Report(ctx, in.Game, httpx.UserID(ctx), turn, reportFormat(in.Accept), in.ETag)
	if err != nil {
		return httpx.Raw{}, err
	}
	header := http.Header{}
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", r.CacheControl)
	if r.ETag != "" {
		header.Set("ETag", r.ETag)
	}
	return httpx.Raw{Status: r.Status, ContentType: r.ContentType, Body: r.Body, Header: header}, nil
}

// reportFormat is plain text for whoever prefers it, and JSON for all others.
func reportFormat(accept string) string {
	text, other := 0.0, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if value, found := strings.CutPrefix(strings.TrimSpace(parameters), "q="); found {
			if parsed, err := strconv.ParseFloat(value, 64); err == nil {
				q = parsed
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "text/plain":
			text = max(text, q)
		case "application/json", "application/*":
			other = max(other, q)
		}
	}
	if text > other {
		return engine.TextReport
	}
	return engine.JSONReport
}
