package engine

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Init sets the game up. The same request again is answered as the first was;
// another one is ErrAlreadyInitialized.
func (c *Client) Init(ctx context.Context, game uuid.UUID, req enginev1.InitRequest) (enginev1.Status, error) {
	in := call{op: "init", method: http.MethodPost, path: enginev1.PathInit, body: req, timeout: c.cfg.CallTimeout}
	status, err := callJSON[enginev1.Status](ctx, c, game, in, http.StatusCreated, http.StatusOK)
	return validated(status, err, func() error { return checkStatus(game, status) })
}

// Status reads the host's view of the game. Before init its state is
// uninitialized, which is no error.
func (c *Client) Status(ctx context.Context, game uuid.UUID) (enginev1.Status, error) {
	in := call{op: "status", method: http.MethodGet, path: enginev1.PathStatus, timeout: c.cfg.ProbeTimeout}
	status, err := callJSON[enginev1.Status](ctx, c, game, in, http.StatusOK)
	return validated(status, err, func() error { return checkStatus(game, status) })
}

// Turn asks that the given turn exist. An engine that is there already answers
// as it did then, with Replayed set.
func (c *Client) Turn(ctx context.Context, game uuid.UUID, turn int) (enginev1.TurnResponse, error) {
	in := call{
		op: "turn", method: http.MethodPut, path: enginev1.PathTurn,
		body: enginev1.TurnRequest{Turn: turn}, timeout: c.cfg.CallTimeout,
	}
	res, err := callJSON[enginev1.TurnResponse](ctx, c, game, in, http.StatusOK)
	return validated(res, err, func() error {
		if res.Turn != turn || res.Status.At() != turn {
			return badResponse("turn %d was asked for, the answer is of turn %d and %d", turn, res.Turn, res.Status.At())
		}
		return checkStatus(game, res.Status)
	})
}

// Banish removes a race from the game. It may be repeated.
func (c *Client) Banish(ctx context.Context, game uuid.UUID, race, reason string) (enginev1.BanishResponse, error) {
	in := call{
		op: "banish", method: http.MethodPost, path: enginev1.PathBanish,
		body: enginev1.BanishRequest{RaceName: race, Reason: reason}, timeout: c.cfg.CallTimeout,
	}
	res, err := callJSON[enginev1.BanishResponse](ctx, c, game, in, http.StatusOK)
	return validated(res, err, func() error { return checkRace(race, res.RaceName) })
}

// Order replaces the order list of a race for the coming turn.
func (c *Client) Order(ctx context.Context, game uuid.UUID, req enginev1.OrderRequest) (enginev1.OrderResponse, error) {
	if req.Orders == nil {
		req.Orders = []enginev1.Order{}
	}
	in := call{op: "order", method: http.MethodPut, path: enginev1.PathOrder, body: req, timeout: c.cfg.CallTimeout}
	res, err := callJSON[enginev1.OrderResponse](ctx, c, game, in, http.StatusOK)
	res.Results = sanitizeResults(res.Results)
	return validated(res, err, func() error {
		if len(res.Results) > len(req.Orders) {
			return badResponse("%d results for %d orders", len(res.Results), len(req.Orders))
		}
		return checkRace(req.RaceName, res.RaceName)
	})
}

// Command has one action executed at once. It may be repeated under its id.
func (c *Client) Command(
	ctx context.Context, game uuid.UUID, req enginev1.CommandRequest,
) (enginev1.CommandResponse, error) {
	in := call{op: "command", method: http.MethodPut, path: enginev1.PathCommand, body: req, timeout: c.cfg.CallTimeout}
	res, err := callJSON[enginev1.CommandResponse](ctx, c, game, in, http.StatusOK)
	return validated(res, err, func() error {
		if res.CommandID != req.CommandID {
			return badResponse("the answer is to another command")
		}
		return checkRace(req.RaceName, res.RaceName)
	})
}

// Health returns nil when the engine is able to work. An unhealthy engine is the
// fault that its reason names.
func (c *Client) Health(ctx context.Context, game uuid.UUID) error {
	in := call{op: "healthz", method: http.MethodGet, path: enginev1.PathHealthz, timeout: c.cfg.ProbeTimeout}
	health, err := callJSON[enginev1.Health](ctx, c, game, in, http.StatusOK, http.StatusServiceUnavailable)
	switch {
	case err != nil:
		return err
	case health.Status == enginev1.HealthOK:
		return nil
	case health.Status == enginev1.HealthShuttingDown:
		return ErrShuttingDown
	}
	if row, known := refusals[health.Reason]; known {
		return row.fault
	}
	return ErrFailed
}

// validated returns v unless err, or what the check finds, is an error.
func validated[T any](v T, err error, check func() error) (T, error) {
	if err == nil {
		err = check()
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// checkRace holds an answer against the race that the call named.
func checkRace(want, got string) error {
	if want != got {
		return badResponse("the answer is about another race")
	}
	return nil
}

// checkStatus checks what later code relies on: the game, a turn where there has
// to be one, and race names that can be shown.
func checkStatus(game uuid.UUID, s enginev1.Status) error {
	if s.ContractVersion != enginev1.ContractVersion {
		return badResponse("the status is of contract %d", s.ContractVersion)
	}
	switch s.State {
	case enginev1.StateUninitialized:
		return nil
	case enginev1.StateFailed:
	case enginev1.StateRunning, enginev1.StateFinished:
		if s.At() < 0 {
			return badResponse("the status has no turn")
		}
	default:
		return badResponse("the status has the state %q", sanitize(string(s.State)))
	}
	if s.GameID != nil && *s.GameID != game.String() || s.GameID == nil && s.State != enginev1.StateFailed {
		return badResponse("the status is of another game")
	}
	if len(s.Races) > enginev1.MaxRaces {
		return badResponse("the status has %d races", len(s.Races))
	}
	for _, r := range s.Races {
		if r.RaceName == "" || r.RaceName != sanitize(r.RaceName) || len([]rune(r.RaceName)) > enginev1.MaxRaceName {
			return badResponse("the status has a race name that cannot be shown")
		}
	}
	if s.Finished != (s.State == enginev1.StateFinished) || s.Finished && s.Result == nil {
		return badResponse("state and result disagree")
	}
	return nil
}
