package grpcx

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/fault"
)

func TestEveryFaultHasItsStatus(t *testing.T) {
	t.Parallel()
	for c := fault.Internal; !strings.HasPrefix(c.String(), "code("); c++ {
		code, ok := statusCodes[c]
		require.True(t, ok, c)
		require.Equal(t, code, status.Code(statusOf(fault.New(c, "x", "y"))), c)
		server := c.Status() >= 500
		require.Equal(t, server, code == codes.Internal || code == codes.Unavailable, "%s: both agree on whose fault it is", c)
	}
	require.NoError(t, statusOf(nil))
	require.Equal(t, codes.Internal, status.Code(statusOf(errors.New("plain"))))
	require.Equal(t, codes.Internal, status.Code(statusOf(fault.New(fault.Code(99), "x", "y"))))
}

func TestEveryWrongVariableIsNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{ListenAddr: ":8081", ShutdownTimeout: time.Second}.Validate())
	err := Config{}.Validate()
	require.ErrorContains(t, err, "BACKEND_GRPC_PUSH_LISTEN_ADDR")
	require.ErrorContains(t, err, "BACKEND_GRPC_PUSH_SHUTDOWN_TIMEOUT")
}
