package admintest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func record(t *testing.T, a *admintest.Auditor, db *pg.DB, e admin.Entry, outcome error) error {
	t.Helper()
	return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if err := a.Record(ctx, tx, e); err != nil {
			return err
		}
		return outcome
	})
}

func TestOnlyEntriesOfCommittedTransactionsAreKept(t *testing.T) {
	t.Parallel()
	var a admintest.Auditor
	db := testkit.DB(t)
	lost := errors.New("rolled back")
	require.ErrorIs(t, record(t, &a, db, admin.Entry{Action: "lost"}, lost), lost)
	require.Equal(t, []string{}, a.Actions())

	first := admin.Entry{Action: "first", Target: "game:1", After: map[string]any{"state": "draft"}}
	require.NoError(t, record(t, &a, db, first, nil))
	require.NoError(t, record(t, &a, db, admin.Entry{Action: "second"}, nil))
	require.Equal(t, []string{"first", "second"}, a.Actions())
	require.Equal(t, first, a.Entries()[0])
}

func TestAnEntryThatJSONCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	var a admintest.Auditor
	err := record(t, &a, testkit.DB(t), admin.Entry{Action: "game.create", After: func() {}}, nil)
	require.ErrorContains(t, err, "audit game.create")
	require.Empty(t, a.Entries())
}

func TestFailLastsUntilItIsTakenBack(t *testing.T) {
	t.Parallel()
	var a admintest.Auditor
	db := testkit.DB(t)
	broken := errors.New("no room in the log")
	a.Fail(broken)
	require.ErrorIs(t, record(t, &a, db, admin.Entry{Action: "first"}, nil), broken)
	a.Fail(nil)
	require.NoError(t, record(t, &a, db, admin.Entry{Action: "second"}, nil))
	require.Equal(t, []string{"second"}, a.Actions())
}

func TestSeveralGoroutinesMayRecordAtOnce(t *testing.T) {
	t.Parallel()
	var a admintest.Auditor
	db := testkit.DB(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = record(t, &a, db, admin.Entry{Action: "same"}, nil) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, a.Entries(), len(errs))
}

func TestRefusedRequestsAreKeptApart(t *testing.T) {
	t.Parallel()
	var a admintest.Auditor
	a.Refused(t.Context(), httpx.AuditEntry{Op: "createGame", Status: 403})
	require.Empty(t, a.Entries())
	require.Equal(t, []httpx.AuditEntry{{Op: "createGame", Status: 403}}, a.Refusals())
}
