package store

import (
	"errors"
	"fmt"
	"path"
	"slices"
)

// Rewind sets aside everything newer than a turn, so that the game goes on from
// there; lists and commands of that turn itself stay. What is set aside is kept
// under rewound/. Newest first: a rewind that was interrupted can be repeated.
func Rewind(dir string, turn int, hook Hook) (err error) {
	s, err := Open(dir, hook)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Snapshot(turn); err != nil {
		return err
	}
	aside, err := s.asideDir()
	if err != nil {
		return &UnavailableError{"rewind", err}
	}
	limit := turnName(turn)
	for _, from := range []string{turnsDir, ordersDir, commandDir} {
		names, err := s.names(from)
		if err != nil {
			return err
		}
		slices.Sort(names)
		for _, name := range slices.Backward(names) {
			if len(name) < len(limit) || name[:len(limit)] <= limit {
				continue
			}
			if err := s.setAside(from, name, aside); err != nil {
				return &UnavailableError{"rewind", err}
			}
		}
	}
	return nil
}

// asideDir makes a new directory under rewound.
func (s *Store) asideDir() (string, error) {
	if err := s.directory(rewoundDir); err != nil {
		return "", err
	}
	names, err := s.names(rewoundDir)
	if err != nil {
		return "", err
	}
	dir := path.Join(rewoundDir, fmt.Sprintf("%03d", len(names)+1))
	return dir, s.directory(dir)
}

func (s *Store) setAside(from, name, aside string) error {
	to := path.Join(aside, from)
	if err := s.directory(to); err != nil {
		return err
	}
	if err := s.rename(path.Join(from, name), path.Join(to, name)); err != nil {
		return err
	}
	return errors.Join(s.sync(to), s.sync(from))
}
