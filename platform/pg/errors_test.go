package pg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// sqlState is an error of the server.
func sqlState(code string) error {
	return &pgconn.PgError{Code: code, Severity: "FEHLER", SeverityUnlocalized: "ERROR"}
}

func TestErrorsThatSayTheDatabaseCannotBeAskedAreUnavailable(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"connection failure":         sqlState("08006"),
		"too many connections":       sqlState("53300"),
		"disk full":                  sqlState("53100"),
		"statement timeout":          sqlState("57014"),
		"lock timeout":               sqlState("55P03"),
		"idle in transaction":        sqlState("25P03"),
		"terminated by an operator":  sqlState("57P01"),
		"starting up":                sqlState("57P03"),
		"I/O error":                  sqlState("58030"),
		"serialization failure":      sqlState("40001"),
		"deadlock":                   sqlState("40P01"),
		"network":                    &net.OpError{Op: "read", Err: io.ErrClosedPipe},
		"deadline":                   context.DeadlineExceeded,
		"connection reset":           fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF),
		"closed connection":          errors.New("conn closed"),
		"closed pool":                errors.New("closed pool"),
		"a connection out of step":   errors.New("conn busy"),
		"wrapped by the application": fmt.Errorf("read a game: %w", sqlState("57P01")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pg.Translate(err)
			require.ErrorIs(t, got, pg.ErrUnavailable)
			require.ErrorIs(t, got, err, "the cause is kept for the log")
			require.Equal(t, 503, fault.From(got).Code.Status())
			require.Equal(t, "database_unavailable", fault.From(got).Reason)
		})
	}
}

func TestErrorsThatOnlyTheStoreUnderstandsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"nothing":               nil,
		"no rows":               pg.ErrNoRows,
		"a client that hung up": context.Canceled,
		"unique violation":      sqlState("23505"),
		"foreign key violation": sqlState("23503"),
		"check violation":       sqlState("23514"),
		"syntax error":          sqlState("42601"),
		"read-only transaction": sqlState("25006"),
		"error of a mapping":    errors.New("missing destination name turn"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, err, pg.Translate(err))
		})
	}
}

func TestOnlyConflictsBetweenTransactionsAreRetried(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"serialization failure": {sqlState("40001"), true},
		"deadlock":              {pg.ErrUnavailable.Because(sqlState("40P01")), true},
		"stripe":                {pg.ErrUnavailable.Because(pg.ErrContended), true},
		"unique violation":      {sqlState("23505"), false},
		"timeout":               {pg.ErrUnavailable.Because(sqlState("57014")), false},
		"lost connection":       {io.ErrUnexpectedEOF, false},
		"unknown outcome":       {pg.ErrOutcomeUnknown.Because(io.ErrUnexpectedEOF), false},
	} {
		require.Equal(t, tc.want, pg.Retriable(tc.err), name)
	}
}

func TestOnlyAnErrorOfTheServerSaysThatNothingWasCommitted(t *testing.T) {
	t.Parallel()
	fatal := &pgconn.PgError{Code: "57P01", SeverityUnlocalized: "FATAL"}
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"violation":                       {sqlState("23505"), true},
		"answer in another language":      {pg.ErrUnavailable.Because(sqlState("40001")), true},
		"commit of a failed transaction":  {pg.ErrRolledBack, true},
		"server that is shutting down":    {fatal, false},
		"lost connection":                 {io.ErrUnexpectedEOF, false},
		"deadline while it was under way": {context.DeadlineExceeded, false},
	} {
		require.Equal(t, tc.want, pg.NotCommitted(tc.err), name)
	}
}

func TestConstraintsAreFoundThroughWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("insert: %w", &pgconn.PgError{Code: "23505", ConstraintName: "games_name"})
	require.True(t, pg.IsUnique(err, "games_name"))
	require.False(t, pg.IsUnique(err, "games_pkey"))
	require.Equal(t, "games_name", pg.Constraint(err))
	other := &pgconn.PgError{Code: "23514", ConstraintName: "games_name"}
	require.False(t, pg.IsUnique(other, "games_name"), "a check, no unique constraint")
	require.Equal(t, "games_name", pg.Constraint(other))
	require.False(t, pg.IsUnique(errors.New("23505 games_name"), "games_name"))
	require.Empty(t, pg.Constraint(io.EOF))
}

func TestAStripeIsWaitedForLongerWithEachAttempt(t *testing.T) {
	t.Parallel()
	for statement, want := range map[time.Duration][]time.Duration{
		5 * time.Second: {
			100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 5 * time.Second,
		},
		150 * time.Millisecond: {
			100 * time.Millisecond, 150 * time.Millisecond, 150 * time.Millisecond, 150 * time.Millisecond, 150 * time.Millisecond,
		},
	} {
		for i, d := range want {
			require.Equal(t, d, pg.StripeTimeout(statement, i+1), "attempt %d of %s", i+1, statement)
		}
	}
}
