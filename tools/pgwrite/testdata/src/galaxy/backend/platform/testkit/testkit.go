package testkit

import _ "github.com/jackc/pgx/v5"
