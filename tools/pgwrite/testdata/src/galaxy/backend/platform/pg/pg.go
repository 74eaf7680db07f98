// Package pg has the shape of the real one.
package pg

import "context"

type (
	Querier interface{ query() }
	DB      struct{}
	Tx      struct{}
)

func (*DB) query() {}
func (*Tx) query() {}

func Get[T any](ctx context.Context, q Querier, statement string, args ...any) (T, error) {
	var zero T
	return zero, nil
}

func All[T any](ctx context.Context, q Querier, statement string, args ...any) ([]T, error) {
	return nil, nil
}

func (*DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) { return 0, nil }
func (*Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) { return 0, nil }
func (*Tx) Queue(sql string, args ...any)                                    {}
func (*DB) InTx(ctx context.Context, fn func(context.Context, *Tx) error) error {
	return fn(ctx, nil)
}

func IsUnique(err error, constraint string) bool { return false }
