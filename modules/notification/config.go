package notification

import (
	"errors"
	netmail "net/mail"
	"time"
)

// Config is the section BACKEND_NOTIFICATION_*.
type Config struct {
	AdminEmail     string        `split_words:"true" desc:"recipient of operators' notifications; empty: they are recorded as skipped"`
	WorkerInterval time.Duration `split_words:"true" default:"5s" desc:"notification route worker scan interval"`
	MaxAttempts    int           `split_words:"true" default:"8" desc:"route delivery attempts before dead-lettering"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	if c.AdminEmail != "" {
		if _, err := netmail.ParseAddress(c.AdminEmail); err != nil {
			errs = append(errs, errors.New("BACKEND_NOTIFICATION_ADMIN_EMAIL must be an e-mail address"))
		}
	}
	if c.WorkerInterval <= 0 {
		errs = append(errs, errors.New("BACKEND_NOTIFICATION_WORKER_INTERVAL must be positive"))
	}
	if c.MaxAttempts < 1 {
		errs = append(errs, errors.New("BACKEND_NOTIFICATION_MAX_ATTEMPTS must be at least 1"))
	}
	return errors.Join(errs...)
}
