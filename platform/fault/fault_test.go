package fault_test

import (
	"encoding/json"
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
	require.ErrorIs(t, fault.From(fmt.Errorf("enroll: %w", errTaken)), errTaken)

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

func TestEveryRefinementReturnsACopyOfItsOwn(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Unprocessable, "validation_failed", "it does not fit").At(fault.Field{Name: "a", Code: "required"})
	for name, refine := range map[string]func(*fault.Error) *fault.Error{
		"because": func(e *fault.Error) *fault.Error { return e.Because(errors.New("cause")) },
		"saying":  func(e *fault.Error) *fault.Error { return e.Saying("other words") },
		"with":    func(e *fault.Error) *fault.Error { return e.With("state", "draft") },
		"at":      func(e *fault.Error) *fault.Error { return e.At(fault.Field{Name: "b", Code: "required"}) },
		"after":   func(e *fault.Error) *fault.Error { return e.After(time.Minute) },
	} {
		refined := refine(base)
		require.NotSame(t, base, refined, name)
		require.NotEqual(t, base, refined, name)
		require.ErrorIs(t, refined, base, name)
		require.Equal(t, fault.New(fault.Unprocessable, "validation_failed", "it does not fit").At(fault.Field{Name: "a", Code: "required"}), base, name)
	}
}

func TestFieldsAddUpAndAreNotShared(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Invalid, "invalid_request", "it is malformed").At(fault.Field{Name: "a"}, fault.Field{Name: "b"})
	one, two := base.At(fault.Field{Name: "c"}), base.At(fault.Field{Name: "d"})
	names := func(e *fault.Error) (out []string) {
		for _, f := range e.Fields {
			out = append(out, f.Name)
		}
		return out
	}
	require.Equal(t, []string{"a", "b", "c"}, names(one))
	require.Equal(t, []string{"a", "b", "d"}, names(two), "two copies do not write into one array")
	require.Equal(t, []string{"a", "b"}, names(base))
}

func TestTheOutermostFaultIsTheAnswer(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.NotFound, "game_unknown", "not found")
	outer := errTaken.Because(fmt.Errorf("look up: %w", inner))
	require.Equal(t, "name_taken", fault.From(fmt.Errorf("apply: %w", outer)).Reason)
	require.ErrorIs(t, outer, inner, "the cause is still in the chain")
	require.Equal(t, "game_unknown", fault.From(errors.Join(errors.New("rollback"), inner)).Reason, "also out of a join")
}

func TestAFaultWithoutACauseHasNone(t *testing.T) {
	t.Parallel()
	require.NoError(t, errTaken.Unwrap())
	require.Equal(t, "name_taken: the name is taken", errTaken.Error())
	require.NotErrorIs(t, errTaken, errors.New("name_taken: the name is taken"), "equal words are not enough")
	var zero fault.Error
	require.Equal(t, fault.Internal, zero.Code, "a forgotten code never looks like the client's mistake")
}

func TestAPercentSignInAMessageIsNoVerb(t *testing.T) {
	t.Parallel()
	require.Equal(t, "50% of 3 names", errTaken.Saying("%d%% of %d names", 50, 3).Message)
}

func TestOnlyServerClassesAreInternal(t *testing.T) {
	t.Parallel()
	for c := fault.Internal; c <= fault.Unavailable; c++ {
		require.Equal(t, c.Status() >= http.StatusInternalServerError, fault.IsInternal(fault.New(c, "x", "y")), c)
		require.Equal(t, fault.IsInternal(fault.New(c, "x", "y")), fault.IsInternal(fmt.Errorf("wrapped: %w", fault.New(c, "x", "y"))), c)
	}
}

func TestClassesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	names, statuses := map[string]bool{}, map[int]bool{}
	for c := fault.Internal; c <= fault.Unavailable; c++ {
		require.False(t, names[c.String()], c)
		require.False(t, statuses[c.Status()], "%s: a status stands for one class", c)
		names[c.String()], statuses[c.Status()] = true, true
		require.NotEmpty(t, http.StatusText(c.Status()), c)
	}
}

func TestAFieldIsRenderedForClients(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(fault.Field{Name: "turns.mode", Code: "unknown_value", Message: "unknown"})
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"turns.mode","code":"unknown_value","message":"unknown"}`, string(text))
}
