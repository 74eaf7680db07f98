package pg

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"galaxy/backend/platform/secret"
)

// Schema is the one schema the backend owns. BACKEND_POSTGRES_DSN names it as
// its search_path.
const Schema = "backend"

// Config is the section BACKEND_POSTGRES_*.
type Config struct {
	DSN              secret.Secret `required:"true" desc:"pgx-style Postgres DSN; must include search_path=backend"`
	MaxConns         int32         `split_words:"true" default:"25" desc:"pool: most connections"`
	MinConns         int32         `split_words:"true" default:"2" desc:"pool: connections kept open"`
	OperationTimeout time.Duration `split_words:"true" default:"5s" desc:"longest a single statement may take"`
}

// Validate names what is wrong, without the values: a DSN holds a password.
func (c Config) Validate() error {
	var errs []error
	if c.DSN.Reveal() == "" {
		errs = append(errs, errors.New("BACKEND_POSTGRES_DSN is required"))
	} else if cfg, err := pgxpool.ParseConfig(c.DSN.Reveal()); err != nil {
		errs = append(errs, errors.New("BACKEND_POSTGRES_DSN is not a Postgres DSN"))
	} else if cfg.ConnConfig.RuntimeParams["search_path"] != Schema {
		errs = append(errs, fmt.Errorf("BACKEND_POSTGRES_DSN must include search_path=%s", Schema))
	}
	if c.MaxConns < 2 { // one of them holds the migration lock
		errs = append(errs, errors.New("BACKEND_POSTGRES_MAX_CONNS must be at least 2"))
	}
	if c.MinConns < 0 || c.MinConns > c.MaxConns {
		errs = append(errs, errors.New("BACKEND_POSTGRES_MIN_CONNS must lie between 0 and BACKEND_POSTGRES_MAX_CONNS"))
	}
	if c.OperationTimeout <= 0 {
		errs = append(errs, errors.New("BACKEND_POSTGRES_OPERATION_TIMEOUT must be positive"))
	}
	return errors.Join(errs...)
}
