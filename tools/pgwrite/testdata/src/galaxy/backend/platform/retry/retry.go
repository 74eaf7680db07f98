package retry

import "github.com/jackc/pgx/v5/pgconn"

func again(err error) bool {
	return pgconn.SafeToRetry(err) // want `pgconn.SafeToRetry says true of a COMMIT that took place`
}
