package pg

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
)

// Querier reads: a *DB, each statement on its own, or a *Tx. Only this package
// implements it.
type Querier interface {
	query(ctx context.Context, statement string, args []any, scan func(pgx.Rows) error) error
}

// Get returns the one row of a query, or ErrNoRows. T is a scalar, or a struct
// whose fields carry `db:"column"`. Further rows are ignored.
func Get[T any](ctx context.Context, q Querier, statement string, args ...any) (T, error) {
	var zero T
	rows, err := All[T](ctx, q, statement, args...)
	if err != nil {
		return zero, err
	}
	if len(rows) == 0 {
		return zero, ErrNoRows
	}
	return rows[0], nil
}

// All returns every row of a query; never nil without an error. T is as in Get.
func All[T any](ctx context.Context, q Querier, statement string, args ...any) ([]T, error) {
	out := []T{}
	err := q.query(ctx, statement, args, func(rows pgx.Rows) error {
		if isStruct[T]() {
			return sqlx.StructScan(sqlxRows{rows}, &out)
		}
		for rows.Next() {
			var v T
			if err := rows.Scan(&v); err != nil {
				return err
			}
			out = append(out, v)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	scannerType = reflect.TypeFor[sql.Scanner]()
)

// isStruct says whether T is mapped by column name; what scans itself is not.
func isStruct[T any]() bool {
	t := reflect.TypeFor[T]()
	return t.Kind() == reflect.Struct && t != timeType && !reflect.PointerTo(t).Implements(scannerType)
}

// sqlxRows lends native rows to sqlx, which asks only for these methods.
type sqlxRows struct{ pgx.Rows }

func (r sqlxRows) Close() error { r.Rows.Close(); return nil }

func (r sqlxRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names, nil
}

func (db *DB) query(ctx context.Context, statement string, args []any, scan func(pgx.Rows) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	db.count(1)
	rows, err := db.pool().Query(ctx, statement, args...)
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	if err := scan(rows); err != nil {
		return translate(err)
	}
	rows.Close()
	return translate(rows.Err())
}
