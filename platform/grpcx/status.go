package grpcx

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/fault"
)

// statusCodes is the gRPC code of every class of fault.
var statusCodes = map[fault.Code]codes.Code{
	fault.Invalid:         codes.InvalidArgument,
	fault.Unauthenticated: codes.Unauthenticated,
	fault.Forbidden:       codes.PermissionDenied,
	fault.NotFound:        codes.NotFound,
	fault.Method:          codes.Unimplemented,
	fault.Timeout:         codes.DeadlineExceeded,
	fault.Conflict:        codes.Aborted,
	fault.Gone:            codes.NotFound,
	fault.Precondition:    codes.FailedPrecondition,
	fault.TooLarge:        codes.ResourceExhausted,
	fault.MediaType:       codes.InvalidArgument,
	fault.Unprocessable:   codes.InvalidArgument,
	fault.Throttled:       codes.ResourceExhausted,
	fault.Internal:        codes.Internal,
	fault.BadGateway:      codes.Unavailable,
	fault.Unavailable:     codes.Unavailable,
}

// statusOf turns a handler's error into what the peer sees. A status that the
// handler chose itself is kept; a plain error is internal.
func statusOf(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	f := fault.From(err)
	code, ok := statusCodes[f.Code]
	if !ok {
		code = codes.Internal
	}
	return status.Error(code, f.Reason+": "+f.Message)
}
