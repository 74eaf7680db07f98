package lobby

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// Availability is whether a name can be claimed.
type Availability string

// Yours: the user holds the name, in a game or for good, and may claim it again.
const (
	Available Availability = "available"
	Taken     Availability = "taken"
	Yours     Availability = "yours"
)

// Availability answers from memory; claiming decides.
func (s *Service) Availability(ctx context.Context, who uuid.UUID, text string) (string, Availability, error) {
	name, err := parseName(text)
	if err != nil {
		return "", "", errInvalidPathToName.Because(err).Saying("%s", err.Error())
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

// Names is a page of the user's entries of the directory, newest first.
func (s *Service) Names(ctx context.Context, who, before uuid.UUID, n int) ([]RaceName, error) {
	rows, err := s.store.namesOf(ctx, s.db, who, before, n)
	names := make([]RaceName, 0, len(rows))
	for _, r := range rows {
		names = append(names, r.RaceName)
	}
	return names, err
}

// Register takes a pending name for good (R7 to R9). A registered one answers as
// it did (R11).
func (s *Service) Register(ctx context.Context, who uuid.UUID, text string) (RaceName, error) {
	name, err := parseName(text)
	if err != nil {
		return RaceName{}, err
	}
	var out RaceName
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := s.users.Lock(ctx, tx, who)
		if err != nil {
			return err
		}
		rows, err := s.store.lockClaimable(ctx, tx, who, name)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrRaceNameNotFound
		}
		out = rows[0].RaceName // a registered one sorts first
		if out.State == NameRegistered {
			return nil
		}
		now := s.clock.Now()
		if !out.ExpiresAt.After(now) {
			return ErrRaceNameExpired
		}
		n, err := s.store.countRegistered(ctx, tx, who)
		if err != nil {
			return err
		}
		if n >= u.Limits.RegisteredRaceNames {
			return ErrRaceNameLimit.With("limit", u.Limits.RegisteredRaceNames)
		}
		s.store.registerName(tx, out.ID, now)
		out.State, out.ExpiresAt, out.RegisteredAt = NameRegistered, nil, &now
		return s.tellName(ctx, tx, notification.RaceNameRegistered, out, nil)
	})
	return out, err
}
