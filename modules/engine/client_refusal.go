package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// maxRetryAfter bounds how long an engine may ask clients to wait.
const maxRetryAfter = time.Minute

// refusals is the contract's table of errors: the status that a code comes with
// and the fault that it becomes.
var refusals = map[enginev1.ErrorCode]struct {
	status int
	fault  *fault.Error
}{
	enginev1.CodeInvalidRequest:       {http.StatusBadRequest, ErrRefused},
	enginev1.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, ErrRefused},
	enginev1.CodeNotAcceptable:        {http.StatusNotAcceptable, ErrRefused},
	enginev1.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, ErrRefused},
	enginev1.CodeNotFound:             {http.StatusNotFound, ErrNotFound},
	enginev1.CodeRaceNotFound:         {http.StatusNotFound, ErrRaceNotFound},
	enginev1.CodeTurnNotFound:         {http.StatusNotFound, ErrTurnNotFound},
	enginev1.CodeNotInitialized:       {http.StatusConflict, ErrNotInitialized},
	enginev1.CodeAlreadyInitialized:   {http.StatusConflict, ErrAlreadyInitialized},
	enginev1.CodeTurnMismatch:         {http.StatusConflict, ErrTurnMismatch},
	enginev1.CodeGameFinished:         {http.StatusConflict, ErrGameFinished},
	enginev1.CodeRaceInactive:         {http.StatusConflict, ErrRaceInactive},
	enginev1.CodeCommandConflict:      {http.StatusConflict, ErrCommandConflict},
	enginev1.CodeBodyTooLarge:         {http.StatusRequestEntityTooLarge, ErrTooLarge},
	enginev1.CodeValidationFailed:     {http.StatusUnprocessableEntity, ErrValidation},
	enginev1.CodeOrdersRejected:       {http.StatusUnprocessableEntity, ErrOrdersRejected},
	enginev1.CodeTurnFailed:           {http.StatusInternalServerError, ErrTurnFailed},
	enginev1.CodeInternal:             {http.StatusInternalServerError, ErrFailed},
	enginev1.CodeBusy:                 {http.StatusServiceUnavailable, ErrBusy},
	enginev1.CodeShuttingDown:         {http.StatusServiceUnavailable, ErrShuttingDown},
	enginev1.CodeStorageUnavailable:   {http.StatusServiceUnavailable, ErrStorageUnavailable},
	enginev1.CodeStateCorrupt:         {http.StatusServiceUnavailable, ErrStateCorrupt},
}

// refusal turns an error answer into a fault. The engine's own message stays in
// the cause, for the log.
func refusal(a answer) error {
	var body enginev1.ErrorResponse
	if err := a.decode(&body); err != nil {
		return err
	}
	row, known := refusals[body.Error.Code]
	if !known || row.status != a.status {
		return badResponse("status %d with the error code %q", a.status, sanitize(string(body.Error.Code)))
	}
	f := row.fault.Because(errors.New(sanitize(body.Error.Message)))
	switch body.Error.Code {
	case enginev1.CodeTurnMismatch:
		return withTurn(f, body.Error.Details)
	case enginev1.CodeValidationFailed:
		return withFields(f, body.Error.Details)
	case enginev1.CodeOrdersRejected:
		return withResults(f, body.Error.Details)
	case enginev1.CodeBusy:
		return f.After(retryAfter(a.header))
	}
	return f
}

func withTurn(f *fault.Error, details map[string]any) error {
	turn, err := detail[int](details, enginev1.DetailCurrentTurn)
	if err != nil || turn < 0 {
		return badResponse("a turn mismatch that does not name the turn")
	}
	return f.With(enginev1.DetailCurrentTurn, turn)
}

func withFields(f *fault.Error, details map[string]any) error {
	fields, err := detail[[]enginev1.FieldError](details, enginev1.DetailFields)
	if err != nil {
		return badResponse("a validation error whose fields cannot be read")
	}
	for _, field := range fields[:min(len(fields), maxFields)] {
		f = f.At(fault.Field{Name: sanitize(field.Field), Code: "invalid", Message: sanitize(field.Message)})
	}
	return f
}

// maxFields is how many wrong fields of one request are passed on.
const maxFields = 100

func withResults(f *fault.Error, details map[string]any) error {
	results, err := detail[[]enginev1.OrderResult](details, enginev1.DetailResults)
	if err != nil || len(results) > enginev1.MaxOrders {
		return badResponse("rejected orders whose results cannot be read")
	}
	return f.With(enginev1.DetailResults, sanitizeResults(results))
}

// detail reads one entry of details as a T; a missing one is the zero value.
func detail[T any](details map[string]any, key string) (T, error) {
	var v T
	raw, err := json.Marshal(details[key])
	if err != nil {
		return v, fmt.Errorf("detail %s: %w", key, err)
	}
	return v, json.Unmarshal(raw, &v)
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return time.Second
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// CurrentTurn is the turn that a turn_mismatch named. It reports false for any
// other error.
func CurrentTurn(err error) (int, bool) {
	if !errors.Is(err, ErrTurnMismatch) {
		return 0, false
	}
	turn, ok := fault.From(err).Details[enginev1.DetailCurrentTurn].(int)
	return turn, ok
}
