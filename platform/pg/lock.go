package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
)

const (
	// backendLock is the session advisory lock of the one active backend.
	backendLock = migrationLock + 1
	lockPoll    = time.Second
	lockCheck   = 5 * time.Second
	// lockTrust is how long a successful check may be relied on. A process that
	// was stopped for longer finds its trust gone before it does anything.
	lockTrust = 2*lockCheck + time.Second
)

var (
	// ErrStandby is what the fence answers while the lock is not certain.
	ErrStandby = fault.New(fault.Unavailable, "standby", "this backend is not the active one")
	// ErrSuperseded says that another process was active meanwhile: caches and
	// claims of this one are history, it has to start afresh.
	ErrSuperseded = errors.New("another backend took over")
)

// Lock makes one backend of many the active one. It is a session advisory lock
// on a connection of its own, and a term that rises with each take-over.
type Lock struct {
	conn *pgx.ConnConfig
	log  *zap.Logger
	lost chan error // carries ErrSuperseded, once

	mu      sync.Mutex
	session *pgx.Conn
	term    int64
	trusted time.Time

	stop context.CancelFunc
	done chan struct{}
}

// NewLock makes an open lock.
func NewLock(cfg Config, log *zap.Logger) (*Lock, error) {
	cc, err := pgx.ParseConfig(cfg.DSN.Reveal())
	if err != nil {
		return nil, errors.New("BACKEND_POSTGRES_DSN is not a Postgres DSN")
	}
	harden(cc, cfg.OperationTimeout)
	return &Lock{conn: cc, log: log, lost: make(chan error, 1)}, nil
}

// Acquire waits until this process is the only one that holds the lock, or ctx
// ends. A database that cannot be reached is waited for as well. waiting is
// called once when somebody else has it.
func (l *Lock) Acquire(ctx context.Context, waiting func()) error {
	told, warned := false, false
	for {
		begin := time.Now()
		session, held, err := l.try(ctx)
		switch {
		case held:
			return l.adopt(ctx, session, begin)
		case err != nil && !warned:
			warned = true
			l.log.Warn("database cannot be reached, waiting for it", zap.Error(translate(err)))
		case err == nil && !told:
			told = true
			waiting()
		}
		if err := sleep(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// try takes the lock on a fresh connection if it is free.
func (l *Lock) try(ctx context.Context) (session *pgx.Conn, held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lockCheck)
	defer cancel()
	session, err = pgx.ConnectConfig(ctx, l.conn)
	if err != nil {
		return nil, false, err
	}
	if err = session.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(backendLock)).Scan(&held); err != nil || !held {
		_ = session.Close(ctx)
		return nil, false, err
	}
	return session, true, nil
}

const raiseTerm = `
INSERT INTO backend_term (only_row, term, holder, taken_at) VALUES (true, 1, $1, now())
ON CONFLICT (only_row) DO UPDATE SET term = backend_term.term + 1, holder = EXCLUDED.holder, taken_at = EXCLUDED.taken_at
RETURNING term`

// Begin raises the term and keeps watch. The schema has to be there.
func (l *Lock) Begin(ctx context.Context) error {
	host, _ := os.Hostname()
	l.mu.Lock()
	err := l.session.QueryRow(ctx, raiseTerm, fmt.Sprintf("%s/%d", host, os.Getpid())).Scan(&l.term)
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("raise the term: %w", err)
	}
	watch, cancel := context.WithCancel(context.Background())
	l.stop, l.done = cancel, make(chan struct{})
	go func() {
		defer close(l.done)
		l.watch(watch)
	}()
	return nil
}

// Held is the fence: nil while this process is certain to hold the lock.
func (l *Lock) Held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.trusted) {
		return nil
	}
	return ErrStandby
}

// Lost delivers ErrSuperseded when another process was active meanwhile.
func (l *Lock) Lost() <-chan error { return l.lost }

// Release gives the lock up.
func (l *Lock) Release(ctx context.Context) error {
	if l.stop != nil {
		l.stop()
		<-l.done
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trusted = time.Time{}
	if l.session == nil {
		return nil
	}
	err := l.session.Close(ctx)
	l.session = nil
	return err
}

// watch renews the trust, and takes a lost lock again.
func (l *Lock) watch(ctx context.Context) {
	for sleep(ctx, lockCheck) == nil {
		if l.renew(ctx) {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		l.log.Error("lock session was lost, side effects are stopped")
		if !l.regain(ctx) {
			return
		}
		l.log.Info("lock was taken again, nobody was active meanwhile")
	}
}

// renew asks over the session that holds the lock.
func (l *Lock) renew(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lockCheck)
	defer cancel()
	l.mu.Lock()
	session := l.session
	l.mu.Unlock()
	begin := time.Now()
	if _, err := session.Exec(ctx, `SELECT 1`); err != nil {
		l.mu.Lock()
		l.trusted = time.Time{}
		l.mu.Unlock()
		_ = session.Close(ctx)
		return false
	}
	l.mu.Lock()
	l.trusted = begin.Add(lockTrust)
	l.mu.Unlock()
	return true
}

// regain waits for the lock and goes on only in its own term.
func (l *Lock) regain(ctx context.Context) bool {
	err := l.Acquire(ctx, func() { l.log.Warn("another backend holds the lock") })
	if errors.Is(err, ErrSuperseded) {
		l.lost <- err
	}
	return err == nil
}

// adopt trusts a session that holds the lock. A process that was active before
// first makes sure that the term is still its own.
func (l *Lock) adopt(ctx context.Context, session *pgx.Conn, begin time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.term != 0 {
		var term int64
		if err := session.QueryRow(ctx, `SELECT term FROM backend_term`).Scan(&term); err != nil || term != l.term {
			_ = session.Close(ctx)
			return ErrSuperseded
		}
	}
	l.session, l.trusted = session, begin.Add(lockTrust)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
