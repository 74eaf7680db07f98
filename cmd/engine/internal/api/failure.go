package api

import (
	"errors"
	"fmt"
	"net/http"

	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// failure is an error answer.
type failure struct {
	code    enginev1.ErrorCode
	message string
	details map[string]any
	status  int // 0 for the code's own
}

// Error is the text for the log.
func (f *failure) Error() string { return string(f.code) + ": " + f.message }

func newFailure(code enginev1.ErrorCode, format string, args ...any) *failure {
	return &failure{code: code, message: fmt.Sprintf(format, args...)}
}

func (f *failure) with(key string, value any) *failure {
	f.details = map[string]any{key: value}
	return f
}

// validationError refuses a request whose fields are wrong; nil when none is.
func validationError(fields []enginev1.FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return newFailure(enginev1.CodeValidationFailed, "%s: %s", fields[0].Field, fields[0].Message).
		with(enginev1.DetailFields, fields)
}

// toFailure turns any error into an answer; what is not meant for the host is
// internal and stays in the log.
func toFailure(err error) *failure {
	if f, is := errors.AsType[*failure](err); is {
		return f
	}
	if _, is := errors.AsType[*store.UnavailableError](err); is {
		return newFailure(enginev1.CodeStorageUnavailable, "the state directory cannot be written; nothing was committed")
	}
	if corrupt, is := errors.AsType[*store.CorruptError](err); is {
		return newFailure(enginev1.CodeStateCorrupt, "the state directory cannot be trusted").with("path", corrupt.Path)
	}
	return newFailure(enginev1.CodeInternal, "internal error")
}

func (f *failure) httpStatus() int {
	if f.status != 0 {
		return f.status
	}
	switch f.code {
	case enginev1.CodeInvalidRequest:
		return http.StatusBadRequest
	case enginev1.CodeNotFound, enginev1.CodeRaceNotFound, enginev1.CodeTurnNotFound:
		return http.StatusNotFound
	case enginev1.CodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case enginev1.CodeNotAcceptable:
		return http.StatusNotAcceptable
	case enginev1.CodeUnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case enginev1.CodeNotInitialized, enginev1.CodeAlreadyInitialized, enginev1.CodeTurnMismatch,
		enginev1.CodeGameFinished, enginev1.CodeRaceInactive, enginev1.CodeCommandConflict:
		return http.StatusConflict
	case enginev1.CodeBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case enginev1.CodeValidationFailed, enginev1.CodeOrdersRejected:
		return http.StatusUnprocessableEntity
	case enginev1.CodeBusy, enginev1.CodeShuttingDown, enginev1.CodeStateCorrupt, enginev1.CodeStorageUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
