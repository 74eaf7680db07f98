package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestARefusalBecomesTheFaultOfTheContract(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status int
		code   enginev1.ErrorCode
		want   error
		http   int
	}{
		{400, enginev1.CodeInvalidRequest, engine.ErrRefused, 500},
		{405, enginev1.CodeMethodNotAllowed, engine.ErrRefused, 500},
		{406, enginev1.CodeNotAcceptable, engine.ErrRefused, 500},
		{415, enginev1.CodeUnsupportedMediaType, engine.ErrRefused, 500},
		{404, enginev1.CodeNotFound, engine.ErrNotFound, 404},
		{404, enginev1.CodeRaceNotFound, engine.ErrRaceNotFound, 404},
		{404, enginev1.CodeTurnNotFound, engine.ErrTurnNotFound, 404},
		{409, enginev1.CodeNotInitialized, engine.ErrNotInitialized, 409},
		{409, enginev1.CodeAlreadyInitialized, engine.ErrAlreadyInitialized, 409},
		{409, enginev1.CodeGameFinished, engine.ErrGameFinished, 409},
		{409, enginev1.CodeRaceInactive, engine.ErrRaceInactive, 409},
		{409, enginev1.CodeCommandConflict, engine.ErrCommandConflict, 409},
		{413, enginev1.CodeBodyTooLarge, engine.ErrTooLarge, 413},
		{500, enginev1.CodeTurnFailed, engine.ErrTurnFailed, 502},
		{500, enginev1.CodeInternal, engine.ErrFailed, 502},
		{503, enginev1.CodeShuttingDown, engine.ErrShuttingDown, 503},
		{503, enginev1.CodeStorageUnavailable, engine.ErrStorageUnavailable, 503},
		{503, enginev1.CodeStateCorrupt, engine.ErrStateCorrupt, 503},
	} {
		c, _ := newClient(t, refuses(row.status, row.code, nil))
		_, err := c.Turn(t.Context(), game, 4)
		require.ErrorIs(t, err, row.want, row.code)
		require.Equal(t, row.http, fault.From(err).Code.Status(), row.code)
		require.NotContains(t, fault.From(err).Message, "text of the engine")
	}
}

func TestATurnMismatchNamesTheEnginesTurn(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, refuses(http.StatusConflict, enginev1.CodeTurnMismatch, map[string]any{"current_turn": 14}))
	_, err := c.Turn(t.Context(), game, 12)
	turn, ok := engine.CurrentTurn(err)
	require.True(t, ok)
	require.Equal(t, 14, turn)
	_, ok = engine.CurrentTurn(engine.ErrBusy)
	require.False(t, ok)
}

func TestABusyEngineSaysWhenToRetry(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": time.Second, "7": 7 * time.Second, "86400": time.Minute, "soon": time.Second} {
		c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			refuses(http.StatusServiceUnavailable, enginev1.CodeBusy, nil)(w, r)
		})
		_, err := c.Turn(t.Context(), game, 4)
		require.ErrorIs(t, err, engine.ErrBusy)
		require.Equal(t, want, fault.From(err).RetryAfter)
	}
}

func TestValidationErrorsReachTheCallerSanitized(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, refuses(http.StatusUnprocessableEntity, enginev1.CodeValidationFailed,
		map[string]any{"fields": []any{map[string]any{"field": "orders[0].name", "message": "too \x1b[31mlong" + strings.Repeat("!", 5000)}}}))
	_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
	require.ErrorIs(t, err, engine.ErrValidation)
	field := fault.From(err).Fields[0]
	require.Equal(t, "orders[0].name", field.Name)
	require.Len(t, field.Message, 300)
	require.True(t, strings.HasPrefix(field.Message, "too [31mlong!"))
}

func TestRejectedOrdersComeWithTheirResults(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, refuses(http.StatusUnprocessableEntity, enginev1.CodeOrdersRejected,
		map[string]any{"results": []any{map[string]any{"index": 0, "status": "error", "code": "unknown_group", "message": "no group 99"}}}))
	_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
	require.ErrorIs(t, err, engine.ErrOrdersRejected)
	require.Equal(t, []enginev1.OrderResult{{Status: "error", Code: "unknown_group", Message: "no group 99"}},
		fault.From(err).Details["results"])
}

func TestARefusalOutsideTheContractIsABadResponse(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"unknown code":          refuses(409, "no_such_code", nil),
		"code of other status":  refuses(500, enginev1.CodeRaceNotFound, nil),
		"mismatch without turn": refuses(409, enginev1.CodeTurnMismatch, map[string]any{"current_turn": "soon"}),
		"negative turn":         refuses(409, enginev1.CodeTurnMismatch, map[string]any{"current_turn": -1}),
		"fields of other shape": refuses(422, enginev1.CodeValidationFailed, map[string]any{"fields": "all"}),
		"results not a list":    refuses(422, enginev1.CodeOrdersRejected, map[string]any{"results": 7}),
		"a success":             respond(http.StatusAccepted, running(4)),
	} {
		c, _ := newClient(t, handler)
		_, err := c.Turn(t.Context(), game, 4)
		require.ErrorIs(t, err, engine.ErrBadResponse, name)
	}
}

func TestOnlySoManyWrongFieldsArePassedOn(t *testing.T) {
	t.Parallel()
	fields := make([]any, 150)
	for i := range fields {
		fields[i] = map[string]any{"field": "orders", "message": "wrong"}
	}
	c, _ := newClient(t, refuses(http.StatusUnprocessableEntity, enginev1.CodeValidationFailed,
		map[string]any{"fields": fields}))
	_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
	require.ErrorIs(t, err, engine.ErrValidation)
	require.Len(t, fault.From(err).Fields, 100)
}

func TestMoreRejectedOrdersThanAListMayHoldAreABadResponse(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, refuses(http.StatusUnprocessableEntity, enginev1.CodeOrdersRejected,
		map[string]any{"results": make([]enginev1.OrderResult, enginev1.MaxOrders+1)}))
	_, err := c.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg"})
	require.ErrorIs(t, err, engine.ErrBadResponse)
}
