package grpcx

import (
	"errors"
	"net"
	"time"
)

// Config is the section BACKEND_GRPC_PUSH_*.
type Config struct {
	ListenAddr      string        `split_words:"true" default:":8081" desc:"gRPC listener for the push interface"`
	ShutdownTimeout time.Duration `split_words:"true" default:"10s" desc:"graceful shutdown budget for the gRPC server"`
}

// Validate names every variable that does not fit.
func (c Config) Validate() error {
	var errs []error
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		errs = append(errs, errors.New("BACKEND_GRPC_PUSH_LISTEN_ADDR is not host:port"))
	}
	if c.ShutdownTimeout <= 0 {
		errs = append(errs, errors.New("BACKEND_GRPC_PUSH_SHUTDOWN_TIMEOUT has to be positive"))
	}
	return errors.Join(errs...)
}
