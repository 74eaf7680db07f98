package user_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// hooks stands for every domain that registered hooks.
type hooks struct {
	mu       sync.Mutex
	departed []string
	err      error
}

// hook is one of them.
type hook struct {
	*hooks
	name string
}

func (h hook) Name() string { return h.name }

func (h hook) Depart(_ context.Context, tx *pg.Tx, _ uuid.UUID, why user.Reason) error {
	tx.OnCommit(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.departed = append(h.departed, h.name+" "+string(why))
	})
	return h.err
}

func (h hook) Export(context.Context, pg.Querier, uuid.UUID) (any, error) {
	return map[string]any{"of": h.name}, h.err
}

func (h hook) Usage(context.Context, pg.Querier, uuid.UUID) (map[string]int, error) {
	return map[string]int{"active_memberships": 2}, h.err
}

// departures lists what was committed, in the order of the calls.
func (h *hooks) departures() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.departed)
}

const (
	operator = "root"
	password = "correct horse battery"
)

// adminGate knows two operators and a viewer by name.
type adminGate struct{}

func (adminGate) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	roles := map[string]httpx.Role{operator: httpx.Operator, "second": httpx.Operator, "viewer": httpx.Viewer}
	if roles[username] == httpx.NoRole || given != password {
		return httpx.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "wrong credentials")
	}
	return httpx.Principal{Username: username, Role: roles[username]}, nil
}

type ignoreSeen struct{}

func (ignoreSeen) Seen(uuid.UUID, netip.Addr) {}
