package admin

import (
	"errors"

	"galaxy/backend/platform/secret"
)

// Config is the section BACKEND_ADMIN_*: the first operator.
type Config struct {
	BootstrapUser     string        `split_words:"true" desc:"initial admin user name; inserted when no such account exists"`
	BootstrapPassword secret.Secret `split_words:"true" desc:"initial admin password (15 to 72 bytes); required if the user is set"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	if c.BootstrapUser == "" {
		if c.BootstrapPassword.IsSet() {
			return errors.New("BACKEND_ADMIN_BOOTSTRAP_USER is required with BACKEND_ADMIN_BOOTSTRAP_PASSWORD")
		}
		return nil
	}
	var errs []error
	if _, err := normalizeUsername(c.BootstrapUser); err != nil {
		errs = append(errs, errors.New("BACKEND_ADMIN_BOOTSTRAP_USER must be "+usernameRule))
	}
	if checkPassword(c.BootstrapPassword.Reveal()) != nil {
		errs = append(errs, errors.New("BACKEND_ADMIN_BOOTSTRAP_PASSWORD must have 15 to 72 bytes and no control characters"))
	}
	return errors.Join(errs...)
}
