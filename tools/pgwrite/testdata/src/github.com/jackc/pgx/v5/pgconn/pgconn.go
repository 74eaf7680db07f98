package pgconn

func SafeToRetry(err error) bool { return err == nil }
