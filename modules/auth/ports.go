package auth

import (
	"context"
	"net/netip"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// Mailer is what the domain needs of mail.
type Mailer interface {
	Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error)
}

// Announcer tells the gateways which sessions are over.
type Announcer interface {
	Invalidate(tx *pg.Tx, inv ...push.Invalidation)
}

// Users is what the domain needs of user.
type Users interface {
	Register(ctx context.Context, tx *pg.Tx, n user.NewAccount) (user.Account, error)
	LoginBlocked(ctx context.Context, q pg.Querier, canonical string) (bool, error)
	FindByEmail(ctx context.Context, q pg.Querier, canonical string) (user.Account, bool, error)
	ChangeEmail(ctx context.Context, tx *pg.Tx, id uuid.UUID, email string) (old string, err error)
}

// Accounts answers who somebody is.
type Accounts interface {
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Snapshot(ctx context.Context, id uuid.UUID) (user.Snapshot, error)
}

// Places is what the domain needs of geo.
type Places interface {
	Country(ip netip.Addr) string
	SeenCountries(ctx context.Context, q pg.Querier, user uuid.UUID) ([]string, error)
}

// Directory knows who exists, for operators' routes.
type Directory interface {
	Exists(ctx context.Context, id uuid.UUID) error
}

// Neighbours is every port of the service.
type Neighbours struct {
	Mail     Mailer
	Announce Announcer
	Users    Users
	Accounts Accounts
	Places   Places
	Audit    admin.Auditor
}

// NewNeighbours gathers the ports.
func NewNeighbours(m Mailer, a Announcer, u Users, accounts Accounts, p Places, audit admin.Auditor) Neighbours {
	return Neighbours{Mail: m, Announce: a, Users: u, Accounts: accounts, Places: p, Audit: audit}
}
