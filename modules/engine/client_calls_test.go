package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

const otherGame = "0197a3c2-0000-7c3a-9f51-0d6a1e2b3c4d"

// with is running(3) after a change.
func with(change func(s *enginev1.Status)) enginev1.Status {
	s := running(3)
	change(&s)
	return s
}

func TestAStatusThatContradictsItselfIsABadResponse(t *testing.T) {
	t.Parallel()
	id, negative := otherGame, -1
	for name, status := range map[string]enginev1.Status{
		"another game":        with(func(s *enginev1.Status) { s.GameID = &id }),
		"no game":             with(func(s *enginev1.Status) { s.GameID = nil }),
		"failed, other game":  with(func(s *enginev1.Status) { s.State, s.GameID = enginev1.StateFailed, &id }),
		"a negative turn":     with(func(s *enginev1.Status) { s.Turn = &negative }),
		"too many races":      with(func(s *enginev1.Status) { s.Races = make([]enginev1.RaceStatus, enginev1.MaxRaces+1) }),
		"a race without name": with(func(s *enginev1.Status) { s.Races[0].RaceName = "" }),
		"running and over":    with(func(s *enginev1.Status) { s.Finished, s.Result = true, &enginev1.Result{} }),
		"over, not finished":  with(func(s *enginev1.Status) { s.State, s.Result = enginev1.StateFinished, &enginev1.Result{} }),
		"over, no result":     with(func(s *enginev1.Status) { s.State, s.Finished = enginev1.StateFinished, true }),
	} {
		c, _ := newClient(t, respond(http.StatusOK, status))
		got, err := c.Status(t.Context(), game)
		require.ErrorIs(t, err, engine.ErrBadResponse, name)
		require.Zero(t, got, name)
	}
}

func TestAStatusMayBeOfAFailedOrFinishedGame(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]enginev1.Status{
		"failed before its game was read": {ContractVersion: 1, State: enginev1.StateFailed},
		"failed later":                    with(func(s *enginev1.Status) { s.State = enginev1.StateFailed }),
		"finished": with(func(s *enginev1.Status) {
			s.State, s.Finished, s.Result = enginev1.StateFinished, true, &enginev1.Result{}
		}),
	} {
		c, _ := newClient(t, respond(http.StatusOK, status))
		got, err := c.Status(t.Context(), game)
		require.NoError(t, err, name)
		require.Equal(t, status.State, got.State, name)
	}
}

func TestAnAnswerToAnotherQuestionIsABadResponse(t *testing.T) {
	t.Parallel()
	command := enginev1.CommandRequest{RaceName: "Zorg", CommandID: "c1", Command: json.RawMessage(`{}`)}
	for name, row := range map[string]struct {
		answer any
		call   func(c *engine.Client) error
	}{
		"another turn": {enginev1.TurnResponse{Turn: 5, Status: running(5)}, func(c *engine.Client) error {
			_, err := c.Turn(t.Context(), game, 4)
			return err
		}},
		"status of another turn": {enginev1.TurnResponse{Turn: 4, Status: running(3)}, func(c *engine.Client) error {
			_, err := c.Turn(t.Context(), game, 4)
			return err
		}},
		"another race banished": {enginev1.BanishResponse{RaceName: "Vogons"}, func(c *engine.Client) error {
			_, err := c.Banish(t.Context(), game, "Zorg", "left")
			return err
		}},
		"orders of another race": {enginev1.OrderResponse{RaceName: "Vogons"}, func(c *engine.Client) error {
			_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
			return err
		}},
		"more results than orders": {
			enginev1.OrderResponse{RaceName: "Zorg", Results: make([]enginev1.OrderResult, 1)},
			func(c *engine.Client) error {
				_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
				return err
			},
		},
		"another command": {enginev1.CommandResponse{RaceName: "Zorg", CommandID: "c2"}, func(c *engine.Client) error {
			_, err := c.Command(t.Context(), game, command)
			return err
		}},
		"command of another race": {
			enginev1.CommandResponse{RaceName: "Vogons", CommandID: "c1"},
			func(c *engine.Client) error {
				_, err := c.Command(t.Context(), game, command)
				return err
			},
		},
	} {
		c, _ := newClient(t, respond(http.StatusOK, row.answer))
		require.ErrorIs(t, row.call(c), engine.ErrBadResponse, name)
	}
}

func TestInitMayBeAnsweredAsCreatedOrAsRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusCreated, http.StatusOK} {
		c, _ := newClient(t, respond(status, running(0)))
		got, err := c.Init(t.Context(), game, enginev1.InitRequest{ContractVersion: 1, GameID: game.String()})
		require.NoError(t, err)
		require.Equal(t, 0, got.At())
	}
}

func TestResultsOfOrdersAreSanitized(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, respond(http.StatusOK, enginev1.OrderResponse{RaceName: "Zorg", Results: []enginev1.OrderResult{
		{Status: "error", Code: "no\x00group", Message: "\x1b[2Jno group" + strings.Repeat("é", 500)},
	}}))
	res, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg", Orders: make([]enginev1.Order, 1)})
	require.NoError(t, err)
	require.Equal(t, enginev1.OrderCode("nogroup"), res.Results[0].Code)
	require.True(t, strings.HasPrefix(res.Results[0].Message, "[2Jno group"))
	require.LessOrEqual(t, len(res.Results[0].Message), 300)
	require.True(t, strings.HasSuffix(res.Results[0].Message, "é"), "a character is not cut in two")
}

func TestARequestThatCannotBeEncodedIsNotSent(t *testing.T) {
	t.Parallel()
	c, asked := newClient(t, respond(http.StatusOK, running(3)))
	_, err := c.Command(t.Context(), game, enginev1.CommandRequest{RaceName: "Zorg", Command: json.RawMessage(`{`)})
	require.ErrorContains(t, err, "encode the call command")
	require.True(t, fault.IsInternal(err))
	require.Empty(t, asked)
}

func TestAConnectionThatBreaksInTheBodyIsNoAnswer(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"contract_version":1`))
		panic(http.ErrAbortHandler)
	})
	_, err := c.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrUnreachable)
}

func TestAHealthThatNamesNoKnownReasonIsAFailure(t *testing.T) {
	t.Parallel()
	health := enginev1.Health{Status: enginev1.HealthFailed, Reason: "no_such_reason"}
	c, _ := newClient(t, respond(http.StatusServiceUnavailable, health))
	require.ErrorIs(t, c.Health(t.Context(), game), engine.ErrFailed)
	c, _ = newClient(t, refuses(http.StatusInternalServerError, enginev1.CodeInternal, nil))
	require.ErrorIs(t, c.Health(t.Context(), game), engine.ErrFailed)
}

func TestAStoppedClientKeepsNoConnection(t *testing.T) {
	t.Parallel()
	c, asked := newClient(t, respond(http.StatusOK, running(3)))
	for range 2 {
		_, err := c.Status(t.Context(), game)
		require.NoError(t, err)
	}
	require.Len(t, asked, 1, "the connection is reused")
	require.NoError(t, c.Stop(t.Context()))
	_, err := c.Status(t.Context(), game)
	require.NoError(t, err)
	require.Len(t, asked, 2)
}

func TestADialErrorIsNotShownToClients(t *testing.T) {
	t.Parallel()
	c := engine.New(engine.Config{CallTimeout: time.Second, ProbeTimeout: time.Second},
		dialFunc(func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("connect to 10.0.0.7:8080: refused")
		}))
	_, err := c.Turn(t.Context(), game, 4)
	require.ErrorIs(t, err, engine.ErrUnreachable)
	require.NotContains(t, fault.From(err).Message, "10.0.0.7")
}
