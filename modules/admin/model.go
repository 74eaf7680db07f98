package admin

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

// Account is an operator.
type Account struct {
	Username   string
	Role       httpx.Role
	Bootstrap  bool // the password is still the configured one
	CreatedAt  time.Time
	UpdatedAt  time.Time
	DisabledAt *time.Time
}

// Enabled reports whether the operator may sign in.
func (a Account) Enabled() bool { return a.DisabledAt == nil }

// Outcome is how an audited mutation ended.
type Outcome string

// The outcomes of a mutation: Refused is the client's error (4xx), Failed ours (5xx).
const (
	Succeeded Outcome = "succeeded"
	Refused   Outcome = "refused"
	Failed    Outcome = "failed"
)

// Entry is what a domain records of a mutation that succeeded. Before and After
// are encoded as JSON and hold no secrets.
type Entry struct {
	Action        string // "user.sanction.apply"
	Target        string // "user:<id>"
	Before, After any
}

// AuditRow is one row of the audit log.
type AuditRow struct {
	ID        uuid.UUID       `db:"audit_id"`
	At        time.Time       `db:"at"`
	Actor     string          `db:"actor"`
	Role      string          `db:"role"`
	Action    string          `db:"action"`
	Target    string          `db:"target"`
	Outcome   Outcome         `db:"outcome"`
	Reason    *string         `db:"reason"`
	Before    json.RawMessage `db:"before"`
	After     json.RawMessage `db:"after"`
	RequestID string          `db:"request_id"`
	Source    string          `db:"source"`
}

// AuditFilter narrows the audit log; zero fields do not.
type AuditFilter struct {
	Actor, Target, Action string
	Since                 time.Time
	Before                uuid.UUID // cursor: rows older than this one
	Limit                 int
}

const usernameRule = "2 to 32 letters, digits, dots, dashes or underscores"

var usernamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// normalizeUsername folds the case and refuses what is not a user name.
func normalizeUsername(s string) (string, error) {
	s = strings.ToLower(s)
	if !usernamePattern.MatchString(s) {
		return "", ErrInvalidUsername
	}
	return s, nil
}

// checkPassword bounds a password in bytes, as bcrypt does, and refuses what
// Basic authentication cannot carry: nobody could sign in with it.
func checkPassword(s string) error {
	if len(s) < 15 || len(s) > 72 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ErrWeakPassword
	}
	return nil
}
