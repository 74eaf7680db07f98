package auth

import (
	"context"
	"net/netip"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// Mailer sends codes and notices.
type Mailer interface {
	Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error)
}

// Invalidator tells the gateways which sessions were revoked.
type Invalidator interface {
	Invalidate(tx *pg.Tx, inv ...push.Invalidation)
}

// Users makes, finds and changes the accounts that people sign in to.
type Users interface {
	Register(ctx context.Context, tx *pg.Tx, n user.NewAccount) (user.Account, error)
	LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error)
	FindByEmail(ctx context.Context, q pg.Querier, canonical string) (user.Account, bool, error)
	ChangeEmail(ctx context.Context, tx *pg.Tx, id uuid.UUID, email string) (old string, err error)
}

// Accounts reads what an account may do, from the cache or with its row locked.
type Accounts interface {
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Snapshot(ctx context.Context, id uuid.UUID) (user.Snapshot, error)
}

// UserChecker says whether a user exists, for operators' routes.
type UserChecker interface {
	Exists(ctx context.Context, id uuid.UUID) error
}

// CountryLookup knows the country of an address, and those where a user was seen.
type CountryLookup interface {
	Country(ip netip.Addr) string
	SeenCountries(ctx context.Context, q pg.Querier, user uuid.UUID) ([]string, error)
}
