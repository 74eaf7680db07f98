package store

import (
	"errors"
	"fmt"
	"path"
	"slices"
)

// Rewind archives everything newer than a turn under rewound/, so that the game
// continues from there; lists and commands of that turn itself stay. Newest
// first: a rewind that was interrupted can be repeated.
func Rewind(dir string, turn int, hook Hook) (err error) {
	s, err := Open(dir, hook)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Snapshot(turn); err != nil {
		return err
	}
	archiveDir, err := s.newRewindDir()
	if err != nil {
		return &UnavailableError{"rewind", err}
	}
	limit := turnName(turn)
	for _, from := range []string{turnsDir, ordersDir, commandDir} {
		names, err := s.list(from)
		if err != nil {
			return err
		}
		slices.Sort(names)
		for _, name := range slices.Backward(names) {
			if len(name) < len(limit) || name[:len(limit)] <= limit {
				continue
			}
			if err := s.archive(from, name, archiveDir); err != nil {
				return &UnavailableError{"rewind", err}
			}
		}
	}
	return nil
}

// newRewindDir creates the next numbered directory under rewound.
func (s *Store) newRewindDir() (string, error) {
	if err := s.makeDirectory(rewoundDir); err != nil {
		return "", err
	}
	names, err := s.list(rewoundDir)
	if err != nil {
		return "", err
	}
	dir := path.Join(rewoundDir, fmt.Sprintf("%03d", len(names)+1))
	return dir, s.makeDirectory(dir)
}

func (s *Store) archive(from, name, archiveDir string) error {
	to := path.Join(archiveDir, from)
	if err := s.makeDirectory(to); err != nil {
		return err
	}
	if err := s.rename(path.Join(from, name), path.Join(to, name)); err != nil {
		return err
	}
	return errors.Join(s.sync(to), s.sync(from))
}
