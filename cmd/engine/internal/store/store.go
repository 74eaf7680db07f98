package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Store is a state directory that this process has locked. Reads may run side by
// side; writes need exclusive access.
type Store struct {
	disk
	lock   *os.File
	broken bool
}

// Names in the directory.
const (
	lockFile   = "LOCK"
	gameFile   = "game.json"
	turnsDir   = "turns"
	ordersDir  = "orders"
	commandDir = "commands"
	rewoundDir = "rewound"
)

// Open locks the directory, removes partly written files and creates missing
// directories. hook may be nil.
func Open(dir string, hook Hook) (*Store, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &UnavailableError{"open state directory", err}
	}
	s := &Store{disk: disk{root: root, hook: hook}}
	if err := s.lockDirectory(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(&UnavailableError{"prepare state directory", err}, s.Close())
	}
	return s, nil
}

func (s *Store) lockDirectory() error {
	f, err := s.root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return &UnavailableError{"open " + lockFile, err}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // the lock is what matters
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return ErrLocked
		}
		return &UnavailableError{"lock " + lockFile, err}
	}
	s.lock = f
	return nil
}

func (s *Store) prepare() error {
	for _, dir := range []string{turnsDir, ordersDir, commandDir} {
		if err := s.makeDirectory(dir); err != nil {
			return err
		}
	}
	if err := errors.Join(s.removeTemporary("."), s.removeTemporary(turnsDir)); err != nil {
		return err
	}
	for _, parent := range []string{ordersDir, turnsDir} {
		names, err := s.list(parent)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := s.removeTemporary(parent + "/" + name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close releases the lock.
func (s *Store) Close() error {
	// Closing alone would leave the lock to a child process that is being started:
	// between fork and exec it has every open file.
	err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN)
	return errors.Join(err, s.lock.Close(), s.root.Close())
}

// Broken reports whether an earlier write has an unknown outcome, after which
// nothing is written until the directory is opened again.
func (s *Store) Broken() bool { return s.broken }

// checkWritable refuses writes once the store is broken.
func (s *Store) checkWritable(op string) error {
	if s.broken {
		return &UnavailableError{op, errOutcomeUnknown}
	}
	return nil
}

func turnName(turn int) string { return fmt.Sprintf("%06d", turn) }

func turnDir(turn int) string { return turnsDir + "/" + turnName(turn) }

// Meta is what is worth knowing about a snapshot but is not part of the game.
type Meta struct {
	EngineVersion string    `json:"engine_version"`
	CreatedAt     time.Time `json:"created_at"`
	DurationMS    int64     `json:"duration_ms"`
}
