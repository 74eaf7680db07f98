// Package sql holds the schema: one numbered file per step, applied in order
// and as a whole whichever modules run, and never edited once it has landed.
// Later changes are new files.
package sql

import "embed"

// Migrations is the folder migrations, in the format of rubenv/sql-migrate.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Root is where in Migrations the files are.
const Root = "migrations"
