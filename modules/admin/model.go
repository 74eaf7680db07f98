package admin

import (
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

// The outcomes of a mutation. Refused is the client's doing (4xx), Failed ours.
const (
	Succeeded Outcome = "succeeded"
	Refused   Outcome = "refused"
	Failed    Outcome = "failed"
)

// Entry is what a domain records about a mutation. Before and After are encoded
// as JSON; they hold no secrets.
type Entry struct {
	Action        string // "user.sanction.apply"
	Target        string // "user:<id>"
	Before, After any
}

// AuditRow is one line of the audit log.
type AuditRow struct {
	ID        uuid.UUID
	At        time.Time
	Actor     string
	Role      string
	Action    string
	Target    string
	Outcome   Outcome
	Reason    *string
	Before    []byte // JSON or nil
	After     []byte // JSON or nil
	RequestID string
	Source    string
}

var usernamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,31}$`)

// normalizeUsername folds the case and refuses what is not a user name.
func normalizeUsername(s string) (string, error) {
	s = strings.ToLower(s)
	if !usernamePattern.MatchString(s) {
		return "", ErrUsername
	}
	return s, nil
}

// checkPassword bounds a password in bytes, as bcrypt does, and refuses what
// Basic authentication cannot carry: whoever had it could never sign in.
func checkPassword(s string) error {
	if len(s) < 15 || len(s) > 72 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ErrWeakPassword
	}
	return nil
}
