package drivers

import (
	_ "database/sql"        // want `database/sql is imported outside platform/`
	_ "database/sql/driver" // want `database/sql/driver is imported outside platform/`

	_ "github.com/jackc/pgx/v5" // want `github.com/jackc/pgx/v5 is imported outside platform/`
	_ "github.com/jmoiron/sqlx" // want `github.com/jmoiron/sqlx is imported outside platform/`
)
