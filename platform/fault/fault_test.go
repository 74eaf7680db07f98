package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
)

var errTaken = fault.New(fault.Conflict, "name_taken", "the name is taken")

func TestARefinedCopyLeavesTheSentinelAlone(t *testing.T) {
	t.Parallel()
	cause := errors.New("duplicate key")
	got := errTaken.With("name", "Zorg").At(fault.Field{Name: "race_name", Code: "taken"}).
		After(time.Second).Saying("%s is taken", "Zorg").Because(cause)

	require.ErrorIs(t, got, errTaken)
	require.ErrorIs(t, got, cause)
	require.Equal(t, "Zorg is taken", got.Message)
	require.Equal(t, map[string]any{"name": "Zorg"}, got.Details)
	require.Equal(t, time.Second, got.RetryAfter)
	require.Equal(t, "name_taken: Zorg is taken: duplicate key", got.Error())
	require.Equal(t, fault.New(fault.Conflict, "name_taken", "the name is taken"), errTaken)
}

func TestTwoCopiesDoNotShareDetails(t *testing.T) {
	t.Parallel()
	base := errTaken.With("a", 1)
	one, two := base.With("b", 1), base.With("b", 2)
	require.Equal(t, 1, one.Details["b"])
	require.Equal(t, 2, two.Details["b"])
}

func TestOnlyCodeAndReasonDecideEquality(t *testing.T) {
	t.Parallel()
	require.NotErrorIs(t, fault.New(fault.Gone, "name_taken", ""), errTaken)
	require.NotErrorIs(t, fault.New(fault.Conflict, "other", ""), errTaken)
}

func TestFromFindsTheFaultInTheChainAndHidesTheRest(t *testing.T) {
	t.Parallel()
	require.Nil(t, fault.From(nil))
	require.ErrorIs(t, fault.From(fmt.Errorf("enrol: %w", errTaken)), errTaken)

	plain := errors.New("password=secret")
	hidden := fault.From(plain)
	require.ErrorIs(t, hidden, fault.ErrInternal)
	require.ErrorIs(t, hidden, plain)
	require.NotContains(t, hidden.Message, "secret")
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	t.Parallel()
	want := map[fault.Code]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403,
		fault.NotFound: 404, fault.Method: 405, fault.Timeout: 408, fault.Conflict: 409, fault.Gone: 410,
		fault.Precondition: 412, fault.TooLarge: 413, fault.MediaType: 415, fault.Unprocessable: 422,
		fault.Throttled: 429, fault.BadGateway: 502, fault.Unavailable: 503,
	}
	for code, status := range want {
		require.Equal(t, status, code.Status(), code.String())
		require.NotContains(t, code.String(), "code(")
	}
	for c := fault.Code(0); !strings.HasPrefix(c.String(), "code("); c++ {
		require.Contains(t, want, c, "%s has no status", c)
	}
	require.Equal(t, http.StatusInternalServerError, fault.Code(200).Status())
	require.Equal(t, "code(200)", fault.Code(200).String())
}

func TestARefusalIsNotInternal(t *testing.T) {
	t.Parallel()
	require.False(t, fault.IsInternal(nil))
	require.False(t, fault.IsInternal(fmt.Errorf("ask: %w", fault.New(fault.Conflict, "taken", "it is taken"))))
	require.True(t, fault.IsInternal(errors.New("no route to host")))
	require.True(t, fault.IsInternal(fault.New(fault.Unavailable, "away", "try again")))
}
