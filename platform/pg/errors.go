package pg

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"galaxy/backend/platform/fault"
)

var (
	// ErrNoRows is what Get returns when there is no row. A store turns it into
	// the domain's own not-found.
	ErrNoRows = pgx.ErrNoRows
	// ErrUnavailable says that the database could not be asked, or not in time.
	ErrUnavailable = fault.New(fault.Unavailable, "database_unavailable",
		"the service cannot reach its database, try again shortly")
	// ErrOutcomeUnknown says that a COMMIT was sent and never answered: the
	// change is whole or absent. The client repeats the request, which is
	// idempotent, to learn which.
	ErrOutcomeUnknown = fault.New(fault.Unavailable, "outcome_unknown", "the outcome is unknown, repeat the request")
)

// SQLSTATE codes that the backend acts on.
const (
	codeUnique          = "23505"
	codeSerialization   = "40001"
	codeDeadlock        = "40P01"
	codeQueryCanceled   = "57014"
	codeLockUnavailable = "55P03"
	codeIdleInTx        = "25P03"
)

// IsUnique reports whether err is a violation of the named unique constraint
// or index.
func IsUnique(err error, constraint string) bool {
	pe := pgError(err)
	return pe != nil && pe.Code == codeUnique && pe.ConstraintName == constraint
}

// Constraint names the constraint that err violates, or is empty.
func Constraint(err error) string {
	if pe := pgError(err); pe != nil {
		return pe.ConstraintName
	}
	return ""
}

func pgError(err error) *pgconn.PgError {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe
	}
	return nil
}

// retriable errors leave nothing behind: the whole transaction may run again.
func retriable(err error) bool {
	pe := pgError(err)
	return errors.Is(err, errContended) || pe != nil && (pe.Code == codeSerialization || pe.Code == codeDeadlock)
}

// translate makes a fault of an error that says the database cannot be asked.
// Constraint violations and no-rows stay what they are: only the store knows
// what they mean.
func translate(err error) error {
	if err == nil || errors.Is(err, ErrNoRows) || errors.Is(err, context.Canceled) {
		return err
	}
	if pe := pgError(err); pe != nil {
		switch {
		case pe.Code == codeQueryCanceled, pe.Code == codeLockUnavailable, pe.Code == codeIdleInTx,
			strings.HasPrefix(pe.Code, "08"), strings.HasPrefix(pe.Code, "53"), strings.HasPrefix(pe.Code, "57P"),
			strings.HasPrefix(pe.Code, "58"), retriable(err):
			return ErrUnavailable.Because(err)
		}
		return err
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	if errors.As(err, &ne) || errors.As(err, &ce) || errors.Is(err, context.DeadlineExceeded) || connectionLost(err) {
		return ErrUnavailable.Because(err)
	}
	return err
}

// connectionLost reports whether the connection broke during a statement. pgx
// says so in several ways, some of them by text only.
func connectionLost(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "conn closed") ||
		strings.Contains(text, "closed pool") || strings.Contains(text, "conn busy")
}
