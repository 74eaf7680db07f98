package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

var (
	_ admin.Auditor  = (*Auditor)(nil)
	_ httpx.Complete = (*Auditor)(nil)
)

// Auditor is the audit log in memory. The zero value is ready to use, by several
// goroutines at once. Bound to httpx.Auditor as well it keeps refused requests,
// and the server reports every mutation that does not leave exactly one entry.
type Auditor struct {
	mu      sync.Mutex
	entries []admin.Entry
	refused []httpx.AuditEntry
	err     error
}

// Record implements admin.Auditor. The entry is kept once its transaction has
// been committed. As in the real log, an entry that JSON cannot hold is an error.
func (a *Auditor) Record(ctx context.Context, tx *pg.Tx, e admin.Entry) error {
	if err := a.failure(); err != nil {
		return err
	}
	for _, v := range []any{e.Before, e.After} {
		if _, err := json.Marshal(v); err != nil {
			return fmt.Errorf("audit %s: %w", e.Action, err)
		}
	}
	tx.OnCommit(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.entries = append(a.entries, e)
		httpx.Audited(ctx)
	})
	return nil
}

// Refused implements httpx.Auditor.
func (a *Auditor) Refused(_ context.Context, e httpx.AuditEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = append(a.refused, e)
}

// Complete implements httpx.Complete.
func (a *Auditor) Complete() {}

// Fail makes Record return err from now on, until Fail(nil).
func (a *Auditor) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *Auditor) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Entries returns what committed transactions recorded, oldest first.
func (a *Auditor) Entries() []admin.Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.entries)
}

// Actions returns the actions of Entries, in the same order. It is never nil.
func (a *Auditor) Actions() []string {
	actions := []string{}
	for _, e := range a.Entries() {
		actions = append(actions, e.Action)
	}
	return actions
}

// Refusals returns what was refused at the edge, oldest first.
func (a *Auditor) Refusals() []httpx.AuditEntry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.refused)
}
