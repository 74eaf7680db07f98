package directory

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/fault"
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
func (d *Directory) Availability(ctx context.Context, who uuid.UUID, text string) (string, Availability, error) {
	name, err := Parse(text)
	if err != nil {
		return "", "", ErrInvalidPath.Because(err).Saying("%s", fault.From(err).Message)
	}
	answer := Available
	for _, key := range name.Keys() {
		holder, taken, err := d.keys.Get(ctx, key)
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
func (d *Directory) Names(ctx context.Context, who, before uuid.UUID, n int) ([]Name, error) {
	rows, err := d.store.namesOf(ctx, d.db, who, upTo(before), n)
	names := make([]Name, 0, len(rows))
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names, err
}

// Register takes a pending name for good (R7 to R9). A registered one answers as
// it did (R11).
func (d *Directory) Register(ctx context.Context, who uuid.UUID, text string) (Name, error) {
	name, err := Parse(text)
	if err != nil {
		return Name{}, err
	}
	var out Name
	err = d.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		u, err := d.users.Lock(ctx, tx, who)
		if err != nil {
			return err
		}
		rows, err := d.store.lockClaimable(ctx, tx, who, name)
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
		now := d.clock.Now()
		if !out.ExpiresAt.After(now) {
			return ErrExpired
		}
		n, err := d.store.countRegistered(ctx, tx, who)
		if err != nil {
			return err
		}
		if n >= u.Limits.RegisteredRaceNames {
			return ErrLimit.With("limit", u.Limits.RegisteredRaceNames)
		}
		d.store.registerName(tx, out.ID, now)
		out.State, out.ExpiresAt, out.RegisteredAt = Registered, nil, &now
		return d.tellName(ctx, tx, notification.KindRaceNameRegistered, out, nil)
	})
	return out, err
}

// upTo is the cursor as a bound: a list without one starts at the newest row.
func upTo(before uuid.UUID) uuid.UUID {
	if before == uuid.Nil {
		return uuid.Max
	}
	return before
}
