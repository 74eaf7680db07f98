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
//
// A holder is certain of the lock while a recent check succeeded and the server
// has said nothing since: it announces the end of a session before it lets the
// lock go. So a process that was stopped, and superseded, meanwhile finds the
// announcement in its socket before it writes anything.
type Lock struct {
	conn  *pgx.ConnConfig
	log   *zap.Logger
	lost  chan error    // carries ErrSuperseded, once
	doubt chan struct{} // asks for a check at once

	mu      sync.Mutex // never held while the server is asked
	session *pgx.Conn
	asking  bool // a check is under way: what arrives is its answer
	trusted time.Time

	life sync.Mutex // Begin and Release, one after the other
	term int64      // written before the watch begins
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
	return &Lock{conn: cc, log: log, lost: make(chan error, 1), doubt: make(chan struct{}, 1)}, nil
}

// Acquire waits until this process is the only one that holds the lock, or ctx
// ends. A database that cannot be reached is waited for as well. waiting is
// called once when somebody else has it.
func (l *Lock) Acquire(ctx context.Context, waiting func()) error {
	told, warned := false, false
	for {
		begin := time.Now()
		session, held, err := l.try(ctx)
		if held {
			if err = l.adopt(ctx, session, begin); err == nil || errors.Is(err, ErrSuperseded) {
				return err
			}
		}
		switch {
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
	l.life.Lock()
	defer l.life.Unlock()
	if l.stop != nil {
		return nil
	}
	l.mu.Lock()
	session := l.session
	l.mu.Unlock()
	if session == nil {
		return ErrStandby
	}
	host, _ := os.Hostname()
	begin := time.Now()
	if err := session.QueryRow(ctx, raiseTerm, fmt.Sprintf("%s/%d", host, os.Getpid())).Scan(&l.term); err != nil {
		return fmt.Errorf("raise the term: %w", err)
	}
	l.trust(begin) // the migrations may have taken longer than the trust lasts
	watch, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l.stop, l.done = cancel, done
	go func() {
		defer close(done)
		l.watch(watch)
	}()
	return nil
}

// Held is the fence: nil while this process is certain to hold the lock.
func (l *Lock) Held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !time.Now().Before(l.trusted) {
		return ErrStandby
	}
	if l.asking || !stirred(l.session.PgConn().Conn()) {
		return nil
	}
	l.trusted = time.Time{}
	select {
	case l.doubt <- struct{}{}:
	default:
	}
	return ErrStandby
}

func (l *Lock) trust(since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asking, l.trusted = false, since.Add(lockTrust)
}

// Lost delivers ErrSuperseded when another process was active meanwhile.
func (l *Lock) Lost() <-chan error { return l.lost }

// Release gives the lock up.
func (l *Lock) Release(ctx context.Context) error {
	l.life.Lock()
	defer l.life.Unlock()
	if l.stop != nil {
		l.stop()
		<-l.done
		l.stop = nil
	}
	l.mu.Lock()
	session := l.session
	l.session, l.trusted = nil, time.Time{}
	l.mu.Unlock()
	if session == nil {
		return nil
	}
	return session.Close(ctx)
}

// watch renews the trust, and takes a lost lock again.
func (l *Lock) watch(ctx context.Context) {
	for l.pause(ctx) {
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

// pause waits for the next check. It reports false when there is none.
func (l *Lock) pause(ctx context.Context) bool {
	t := time.NewTimer(lockCheck)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.doubt:
		return true
	case <-ctx.Done():
		return false
	}
}

// renew asks over the session that holds the lock.
func (l *Lock) renew(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lockCheck)
	defer cancel()
	l.mu.Lock()
	session := l.session
	l.asking = true
	l.mu.Unlock()
	begin := time.Now()
	if _, err := session.Exec(ctx, `SELECT 1`); err != nil {
		l.mu.Lock()
		l.asking, l.trusted = false, time.Time{}
		l.mu.Unlock()
		_ = session.Close(ctx)
		return false
	}
	l.trust(begin)
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
	if l.term != 0 {
		ctx, cancel := context.WithTimeout(ctx, lockCheck)
		defer cancel()
		var term int64
		err := session.QueryRow(ctx, `SELECT term FROM backend_term`).Scan(&term)
		if err == nil && term != l.term {
			err = ErrSuperseded
		}
		if err != nil {
			_ = session.Close(ctx)
			return err
		}
	}
	l.mu.Lock()
	l.session = session
	l.mu.Unlock()
	l.trust(begin)
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
