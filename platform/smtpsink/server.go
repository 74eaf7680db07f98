package smtpsink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Config says how a server behaves when no script says otherwise.
type Config struct {
	Addr     string            // host:port; empty is a free port on 127.0.0.1
	Store    *Store            // nil keeps messages in memory
	TLS      *tls.Config       // offers STARTTLS when set
	Implicit bool              // speaks TLS from the first byte; needs TLS
	Users    map[string]string // name to password; when set, AUTH is demanded before MAIL
	MaxBytes int64             // of one message; 0 is 10 MiB
}

// defaultMaxBytes is far above any mail of the backend.
const defaultMaxBytes = 10 << 20

// idleTimeout ends a session whose client says nothing.
const idleTimeout = 5 * time.Minute

// Server accepts mail.
type Server struct {
	*Store
	Script

	cfg      Config
	listener net.Listener
	sessions sync.WaitGroup
	done     chan struct{}

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// Listen starts a server.
func Listen(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if cfg.Store == nil {
		cfg.Store, _ = OpenStore("", 0) // without a directory nothing can fail
	}
	if cfg.Implicit && cfg.TLS == nil {
		return nil, errors.New("smtpsink: implicit TLS needs a TLS configuration")
	}
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for mail: %w", err)
	}
	s := &Server{Store: cfg.Store, cfg: cfg, listener: l, open: map[net.Conn]struct{}{}, done: make(chan struct{})}
	s.sessions.Go(s.accept)
	return s, nil
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		if !s.track(conn) {
			_ = conn.Close()
			return
		}
		s.sessions.Go(func() {
			defer s.untrack(conn)
			s.serve(conn)
		})
	}
}

func (s *Server) track(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[conn] = struct{}{}
	return true
}

func (s *Server) untrack(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	_ = conn.Close()
}

// Addr is where the server listens.
func (s *Server) Addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Close cuts all sessions and waits for them, or for ctx. It may be called
// more than once.
func (s *Server) Close(ctx context.Context) error {
	_ = s.listener.Close()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
		for conn := range s.open {
			_ = conn.Close()
		}
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() { s.sessions.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("mail sessions are still open: %w", ctx.Err())
	}
}
