package localpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"galaxy/backend/platform/subprocess"
)

// Config says where and how a server runs.
type Config struct {
	Dir       string  // holds the cluster, its password and its log; made when missing
	Port      int     // on 127.0.0.1; 0 takes a free one
	Profile   Profile // Durable unless said otherwise
	Ephemeral bool    // Dir is removed once the server has ended, even when this process was killed
}

// Server is a running Postgres.
type Server struct {
	cluster *cluster
	port    int
	process *subprocess.Process
}

// ErrPortTaken says that something else listens on the port that was asked for.
var ErrPortTaken = errors.New("port is in use")

// Start makes the cluster on first use, starts the server and returns once it
// answers.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	c, err := openCluster(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		s, err := c.start(ctx, cfg)
		switch {
		case errors.Is(err, errStillStopping) && attempt < 100:
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return nil, err
			}
		// Between finding a free port and using it somebody else may take it.
		case errors.Is(err, ErrPortTaken) && cfg.Port == 0 && attempt < 5:
		default:
			return s, err
		}
	}
}

// errStillStopping says that a server on the same files was killed and that the
// processes it leaves behind are not gone yet, which takes them a second or two.
var errStillStopping = errors.New("an earlier server on this directory has not ended yet")

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *cluster) start(ctx context.Context, cfg Config) (*Server, error) {
	port, err := choosePort(cfg.Port)
	if err != nil {
		return nil, err
	}
	logs, err := c.openLog()
	if err != nil {
		return nil, err
	}
	defer logs.Close()
	options := subprocess.Options{
		Signal: syscall.SIGINT, // a fast shutdown: clients are cut, data is flushed
		Dir:    c.dir, Env: environment(), Stdout: logs, Stderr: logs, Credential: c.account.credential(),
	}
	if cfg.Ephemeral {
		options.Signal, options.Remove = syscall.SIGQUIT, c.dir
	}
	args := append([]string{"-D", filepath.Join(c.dir, dataDir)}, cfg.Profile.settings(port)...)
	process, err := subprocess.Start(options, filepath.Join(c.binaries.Dir, "postgres"), args...)
	if err != nil {
		return nil, err
	}
	s := &Server{cluster: c, port: port, process: process}
	if err := s.waitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// openLog starts a log of its own for each start and keeps the one before.
func (c *cluster) openLog() (*os.File, error) {
	name := filepath.Join(c.dir, logFile)
	_ = os.Rename(name, name+".old") // there is none at the first start
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, c.account.chown(name)
}

func choosePort(port int) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, fmt.Errorf("%w: %d", ErrPortTaken, port)
	}
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// waitReady waits until the server takes connections, has ended, or ctx ends.
func (s *Server) waitReady(ctx context.Context) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres did not answer: %w: %s", ctx.Err(), s.loggedFailure())
		case <-s.process.Done():
			return s.startError()
		case <-poll.C:
		}
		conn, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code != cannotConnectNow {
			return fmt.Errorf("postgres refused the first connection: %s", refused.Message)
		}
	}
}

// cannotConnectNow is the SQLSTATE of a server that is not ready yet.
const cannotConnectNow = "57P03"

func (s *Server) startError() error {
	said := s.loggedFailure()
	if strings.Contains(said, "Address already in use") || strings.Contains(said, "could not create any TCP/IP sockets") {
		return fmt.Errorf("%w: %d", ErrPortTaken, s.port)
	}
	if strings.Contains(said, "pre-existing shared memory block") {
		return fmt.Errorf("%w: %s", errStillStopping, said)
	}
	return fmt.Errorf("postgres ended at once: %s", said)
}

// loggedFailure is the first fatal line of the server's log, else its last line.
func (s *Server) loggedFailure() string {
	text, _ := os.ReadFile(s.LogPath()) // its absence leaves the text empty
	for line := range strings.SplitSeq(string(text), "\n") {
		if _, said, found := strings.Cut(line, "FATAL:"); found {
			return strings.TrimSpace(said)
		}
	}
	return lastLine(string(text))
}

// Stop ends the server: a fast shutdown, or an immediate one when ctx ends
// first or the data is not needed. It may be called more than once.
func (s *Server) Stop(ctx context.Context) error {
	s.process.Terminate()
	select {
	case <-s.process.Done():
		return nil
	case <-ctx.Done():
	}
	// A server that cannot be found has just removed its process file: it is
	// about to end. One that a fault test has stopped must first go on.
	_ = s.Signal(syscall.SIGCONT)
	_ = s.Signal(syscall.SIGQUIT)
	<-s.process.Done()
	return nil
}

// Signal sends sig to the server's main process. Fault tests stop, continue
// and kill it.
func (s *Server) Signal(sig syscall.Signal) error {
	pid, err := s.PID()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, sig); err != nil {
		return fmt.Errorf("signal the server: %w", err)
	}
	return nil
}

// PID is the server's main process.
func (s *Server) PID() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.cluster.dir, dataDir, "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find the server's process: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("find the server's process: %w", err)
	}
	return pid, nil
}

// Done is closed once the server has ended, wanted or not.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Port is where the server listens on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// LogPath is the file with what the server says.
func (s *Server) LogPath() string { return filepath.Join(s.cluster.dir, logFile) }

// Version is the server's version as the program says it.
func (s *Server) Version() string { return s.cluster.binaries.Version }
