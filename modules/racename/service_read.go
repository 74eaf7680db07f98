package racename

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// Availability answers from memory. A later claim may still be refused.
func (s *Service) Availability(ctx context.Context, who uuid.UUID, text string) (string, Availability, error) {
	name, err := Parse(text)
	if err != nil {
		return "", "", ErrInvalidPath.Because(err).Saying("%s", fault.From(err).Message)
	}
	answer := Available
	for _, key := range name.Keys() {
		holder, taken, err := s.keys.Get(ctx, key)
		switch {
		case err != nil:
			return "", "", err
		case taken && holder != who:
			return name.Display, Taken, nil
		case taken:
			answer = Yours
		}
	}
	return name.Display, answer, nil
}

// Names is a page of the user's entries of the directory, newest first, below
// the id before.
func (s *Service) Names(ctx context.Context, who, before uuid.UUID, n int) ([]Name, error) {
	rows, err := s.store.namesOf(ctx, s.db, who, before, n)
	names := make([]Name, 0, len(rows))
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names, err
}

// Register makes a pending name the user's for good. A registered one answers as
// it did.
func (s *Service) Register(ctx context.Context, who uuid.UUID, text string) (Name, error) {
	name, err := Parse(text)
	if err != nil {
		return Name{}, err
	}
	var out Name
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := s.accounts.Lock(ctx, tx, who)
		if err != nil {
			return err
		}
		rows, err := s.store.lockRegistrable(ctx, tx, who, name)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		out = rows[0].Name // a registered one sorts first
		if out.State == Registered {
			return nil
		}
		now := s.clock.Now()
		if !out.ExpiresAt.After(now) {
			return ErrExpired
		}
		n, err := s.store.countRegistered(ctx, tx, who)
		if err != nil {
			return err
		}
		if n >= u.Limits.RegisteredRaceNames {
			return ErrLimit.With("limit", u.Limits.RegisteredRaceNames)
		}
		s.store.registerName(tx, out.ID, now)
		out.State, out.ExpiresAt, out.RegisteredAt = Registered, nil, &now
		return s.notifyHolder(ctx, tx, out, notification.RaceNameRegistered{RaceName: out.Display})
	})
	return out, err
}
