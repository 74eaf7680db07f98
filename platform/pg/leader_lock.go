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
	// leaderLockID is the session advisory lock of the one active backend.
	leaderLockID  = migrationLockID + 1
	acquirePeriod = time.Second
	checkPeriod   = 5 * time.Second
	// checkValidity is how long a successful check may be relied on. A process
	// that was suspended for longer finds it expired before it does anything.
	checkValidity = 2*checkPeriod + time.Second
)

var (
	// ErrStandby is what Held answers while the lock is not certain.
	ErrStandby = fault.New(fault.Unavailable, "standby", "this backend is not the active one")
	// ErrSuperseded says that another process was active meanwhile: caches and
	// claims of this one are out of date, it has to restart.
	ErrSuperseded = errors.New("another backend took over")

	errReadOnly = errors.New("the database was made read-only")
)

// LeaderLock makes one backend of many the active one. It is a session advisory
// lock on a connection of its own, and a term that rises with each take-over.
//
// A holder is certain of the lock while a recent check succeeded and the server
// has sent nothing since: it announces the end of a session before it releases
// the session's locks. So a process that was suspended, and superseded,
// meanwhile finds the announcement in its socket before it writes anything.
//
// The session does not say itself whether it may write, as those of the pool do,
// and so finds out when an operator has made the server read-only.
type LeaderLock struct {
	config  *pgx.ConnConfig
	log     *zap.Logger
	lost    chan error    // carries ErrSuperseded, once
	recheck chan struct{} // asks for a check at once

	mu         sync.Mutex // never held while the server is asked
	session    *pgx.Conn
	checking   bool // a check is under way: what arrives is its answer
	validUntil time.Time
	readOnly   bool // at the last check

	termMu sync.Mutex // BeginTerm and Release, one after the other
	term   int64      // written before the watch begins
	stop   context.CancelFunc
	done   chan struct{}
}

// NewLeaderLock makes a lock that is not held yet.
func NewLeaderLock(cfg Config, log *zap.Logger) (*LeaderLock, error) {
	cc, err := pgx.ParseConfig(cfg.DSN.Reveal())
	if err != nil {
		return nil, errors.New("BACKEND_POSTGRES_DSN is not a Postgres DSN")
	}
	setSessionDefaults(cc, cfg.OperationTimeout)
	return &LeaderLock{config: cc, log: log, lost: make(chan error, 1), recheck: make(chan struct{}, 1)}, nil
}

// Acquire waits until this process is the only one that holds the lock, or ctx
// ends. A database that cannot be reached is waited for as well. waiting is
// called once when another process has it.
func (l *LeaderLock) Acquire(ctx context.Context, waiting func()) error {
	reported, warned := false, false
	for {
		begin := time.Now()
		session, acquired, err := l.tryAcquire(ctx)
		if acquired {
			if err = l.claim(ctx, session, begin); err == nil || errors.Is(err, ErrSuperseded) {
				return err
			}
		}
		switch {
		case err != nil && !warned:
			warned = true
			l.log.Warn("database cannot be reached, waiting for it", zap.Error(translate(err)))
		case err == nil && !reported:
			reported = true
			waiting()
		}
		if err := sleep(ctx, acquirePeriod); err != nil {
			return err
		}
	}
}

// tryAcquire takes the lock on a fresh connection if it is free.
func (l *LeaderLock) tryAcquire(ctx context.Context) (session *pgx.Conn, acquired bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkPeriod)
	defer cancel()
	session, err = pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, false, err
	}
	err = session.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(leaderLockID)).Scan(&acquired)
	if err != nil || !acquired {
		_ = session.Close(ctx)
		return nil, false, err
	}
	return session, true, nil
}

// claim makes a session that has acquired the lock this process's. A process
// that was active before first makes sure that the term is still its own.
func (l *LeaderLock) claim(ctx context.Context, session *pgx.Conn, begin time.Time) error {
	if l.term != 0 {
		ctx, cancel := context.WithTimeout(ctx, checkPeriod)
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
	l.extendValidity(begin)
	return nil
}

const raiseTerm = `
INSERT INTO backend_term (only_row, term, holder, taken_at) VALUES (true, 1, $1, now())
ON CONFLICT (only_row) DO UPDATE SET term = backend_term.term + 1, holder = EXCLUDED.holder, taken_at = EXCLUDED.taken_at
RETURNING term`

// BeginTerm raises the term and starts the periodic checks. The schema has to be
// migrated.
func (l *LeaderLock) BeginTerm(ctx context.Context) error {
	l.termMu.Lock()
	defer l.termMu.Unlock()
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
	l.extendValidity(begin) // the migrations may have taken longer than a check is valid
	watchCtx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l.stop, l.done = cancel, done
	go func() {
		defer close(done)
		l.watch(watchCtx)
	}()
	return nil
}

// Held is the fencing check: nil while this process is certain to hold the lock,
// on a server that may be written to.
func (l *LeaderLock) Held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !time.Now().Before(l.validUntil) {
		return ErrStandby
	}
	if !l.checking && readable(l.session.PgConn().Conn()) {
		l.validUntil = time.Time{}
		l.requestCheck()
		return ErrStandby
	}
	if l.readOnly {
		return ErrUnavailable.Because(errReadOnly)
	}
	return nil
}

func (l *LeaderLock) requestCheck() {
	select {
	case l.recheck <- struct{}{}:
	default: // requested already
	}
}

// extendValidity records a check that succeeded and was begun at begin.
func (l *LeaderLock) extendValidity(begin time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checking, l.validUntil = false, begin.Add(checkValidity)
}

// Lost delivers ErrSuperseded when another process was active meanwhile.
func (l *LeaderLock) Lost() <-chan error { return l.lost }

// Release gives the lock up.
func (l *LeaderLock) Release(ctx context.Context) error {
	l.termMu.Lock()
	defer l.termMu.Unlock()
	if l.stop != nil {
		l.stop()
		<-l.done
		l.stop = nil
	}
	l.mu.Lock()
	session := l.session
	l.session, l.validUntil = nil, time.Time{}
	l.mu.Unlock()
	if session == nil {
		return nil
	}
	return session.Close(ctx)
}

// watch checks the session periodically, and acquires a lost lock again.
func (l *LeaderLock) watch(ctx context.Context) {
	for l.awaitCheck(ctx) {
		if l.check(ctx) {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		l.log.Error("lock session was lost, side effects are stopped")
		if !l.reacquire(ctx) {
			return
		}
		l.log.Info("lock was acquired again, no other backend was active meanwhile")
		l.requestCheck() // the server may be read-only by now
	}
}

// awaitCheck waits until the next check is due. It reports false when ctx ends.
func (l *LeaderLock) awaitCheck(ctx context.Context) bool {
	t := time.NewTimer(checkPeriod)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.recheck:
		return true
	case <-ctx.Done():
		return false
	}
}

// check asks over the session that holds the lock.
func (l *LeaderLock) check(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, checkPeriod)
	defer cancel()
	l.mu.Lock()
	session := l.session
	l.checking = true
	l.mu.Unlock()
	begin := time.Now()
	var readOnly bool
	const probe = `SELECT current_setting('transaction_read_only') = 'on'`
	if err := session.QueryRow(ctx, probe).Scan(&readOnly); err != nil {
		l.mu.Lock()
		l.checking, l.validUntil = false, time.Time{}
		l.mu.Unlock()
		_ = session.Close(ctx)
		return false
	}
	l.extendValidity(begin)
	l.setReadOnly(readOnly)
	return true
}

func (l *LeaderLock) setReadOnly(readOnly bool) {
	l.mu.Lock()
	changed := l.readOnly != readOnly
	l.readOnly = readOnly
	l.mu.Unlock()
	switch {
	case changed && readOnly:
		l.log.Error("database was made read-only, writes are refused")
	case changed:
		l.log.Info("database may be written to again")
	}
}

// reacquire waits for the lock and reports whether this process's term goes on.
func (l *LeaderLock) reacquire(ctx context.Context) bool {
	err := l.Acquire(ctx, func() { l.log.Warn("another backend holds the lock") })
	if errors.Is(err, ErrSuperseded) {
		l.lost <- err
	}
	return err == nil
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
