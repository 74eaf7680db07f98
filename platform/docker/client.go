package docker

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/docker/docker/client"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
)

// Client speaks to one daemon.
type Client struct {
	api     *client.Client
	auth    map[string]string
	clk     clock.Clock
	log     *zap.Logger
	timeout time.Duration
}

// negotiateVersion has the SDK agree with the daemon on the API version. It
// would by itself, but listing and watching read the version without the lock
// under which another call may be writing it. After an answer, a refusal
// included, it is settled.
func (c *Client) negotiateVersion(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, err := c.api.ServerVersion(ctx)
	if err = classify(err, "ask for the version"); errors.Is(err, ErrUnavailable) {
		return err
	}
	return nil
}

// New makes a client without asking the daemon anything.
func New(cfg Config, clk clock.Clock, log *zap.Logger) (*Client, error) {
	auth, err := cfg.credentials()
	if err != nil {
		return nil, err
	}
	opts := []client.Opt{client.WithHost(cfg.Host), client.WithAPIVersionNegotiation()}
	if cfg.CertPath != "" {
		file := func(name string) string { return filepath.Join(cfg.CertPath, name) }
		opts = append(opts, client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")))
	}
	api, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, classify(err, "make a client for %s", cfg.Host)
	}
	return &Client{api: api, auth: auth, clk: clk, log: log, timeout: callTimeout}, nil
}

// Close closes idle connections. Calls under way end by their own contexts.
func (c *Client) Close(context.Context) error { return c.api.Close() }

// Ping says whether the daemon answers.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, err := c.api.Ping(ctx)
	return classify(err, "ping")
}

// Info is what the daemon says of itself.
type Info struct {
	Version     string
	CPUs        int
	Memory      int64 // bytes
	LiveRestore bool  // containers outlive the daemon
}

// Info asks for it.
func (c *Client) Info(ctx context.Context) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in, err := c.api.Info(ctx)
	if err != nil {
		return Info{}, classify(err, "ask for daemon information")
	}
	return Info{Version: in.ServerVersion, CPUs: in.NCPU, Memory: in.MemTotal, LiveRestore: in.LiveRestoreEnabled}, nil
}
