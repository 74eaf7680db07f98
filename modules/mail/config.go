package mail

import (
	"errors"
	netmail "net/mail"
	"time"

	"galaxy/backend/platform/secret"
)

// TLSMode is how the connection to the relay is protected.
type TLSMode string

// The modes of BACKEND_SMTP_TLS_MODE. STARTTLS is mandatory where it is asked
// for: a relay that does not offer it gets nothing in the clear.
const (
	TLSNone     TLSMode = "none"
	TLSStartTLS TLSMode = "starttls"
	TLSImplicit TLSMode = "tls"
)

// SMTPConfig is the section BACKEND_SMTP_*: the relay.
type SMTPConfig struct {
	Host     string        `required:"true" desc:"SMTP relay host"`
	Port     int           `default:"587" desc:"SMTP relay port"`
	Username string        `desc:"SMTP user name (omit for anonymous)"`
	Password secret.Secret `desc:"SMTP password"`
	From     string        `required:"true" desc:"RFC 5321 From address"`
	TLSMode  TLSMode       `split_words:"true" default:"starttls" desc:"none, starttls or tls"`
}

// Validate reports every problem of the section.
func (c SMTPConfig) Validate() error {
	var errs []error
	if c.Host == "" {
		errs = append(errs, errors.New("BACKEND_SMTP_HOST is required"))
	}
	if c.Port < 1 || c.Port > 65535 {
		errs = append(errs, errors.New("BACKEND_SMTP_PORT must be a port"))
	}
	if _, err := netmail.ParseAddress(c.From); err != nil {
		errs = append(errs, errors.New("BACKEND_SMTP_FROM must be an e-mail address"))
	}
	switch c.TLSMode {
	case TLSNone, TLSStartTLS, TLSImplicit:
	default:
		errs = append(errs, errors.New("BACKEND_SMTP_TLS_MODE must be none, starttls or tls"))
	}
	if c.Password.IsSet() && c.Username == "" {
		errs = append(errs, errors.New("BACKEND_SMTP_USERNAME is required with BACKEND_SMTP_PASSWORD"))
	}
	if c.Username != "" && c.TLSMode == TLSNone {
		errs = append(errs, errors.New("BACKEND_SMTP_USERNAME needs TLS: set BACKEND_SMTP_TLS_MODE"))
	}
	return errors.Join(errs...)
}

// Config is the section BACKEND_MAIL_*: the outbox.
type Config struct {
	WorkerInterval time.Duration `split_words:"true" default:"2s" desc:"how often the outbox worker scans for new work"`
	MaxAttempts    int           `split_words:"true" default:"8" desc:"delivery attempts before dead-lettering"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	if c.WorkerInterval <= 0 {
		errs = append(errs, errors.New("BACKEND_MAIL_WORKER_INTERVAL must be positive"))
	}
	if c.MaxAttempts < 1 {
		errs = append(errs, errors.New("BACKEND_MAIL_MAX_ATTEMPTS must be at least 1"))
	}
	return errors.Join(errs...)
}
