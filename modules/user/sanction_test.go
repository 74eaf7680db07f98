package user_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestASanctionCountsUntilItEndsOrIsLifted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	type sanction struct {
		ID     uuid.UUID `json:"sanction_id"`
		Active bool      `json:"active"`
		By     *string   `json:"removed_by"`
	}
	apply := func(kind string, end any) sanction {
		return testkit.Into[sanction](f.sanction(a.ID, object{"kind": kind, "reason": "spam", "internal_note": "ticket 12",
			"expires_at": end}).Want(201))
	}
	patch := func() testkit.Reply { return f.api.User(a.ID).Patch(account, object{"time_zone": "UTC"}) }
	apply("profile_update_block", noon.Add(time.Hour))
	require.Contains(t, string(patch().Refused(403, "profile_update_blocked").Body), "spam")
	require.NotContains(t, string(f.api.User(a.ID).Get(account+"/entitlements").Want(200).Body), "ticket 12")
	f.clock.Advance(time.Hour)
	patch().Want(200)
	second := apply("profile_update_block", nil)
	patch().Refused(403, "profile_update_blocked")
	for range 2 {
		f.admin().Delete(userPath(a.ID, "/sanctions/"+second.ID.String())).Want(204)
	}
	patch().Want(200)
	f.admin().Delete(userPath(a.ID, "/sanctions/"+uuid.Must(uuid.NewV7()).String())).Refused(404, "not_found")
	f.requireCacheMatchesStore(a.ID)
	type list struct{ Items []sanction }
	items := testkit.Into[list](f.admin().Get(userPath(a.ID, "/sanctions")).Want(200)).Items
	require.Len(t, items, 2)
	require.Equal(t, []string{"root", "system"}, []string{*items[0].By, *items[1].By})
	require.Len(t, f.mailer.Messages(), 2)
	require.Equal(t, "account.sanction.applied", f.mailer.Messages()[0].Template)
	require.Equal(t, "ada@example.org", f.mailer.Messages()[0].To)
}

func TestAnEndedSanctionIsWrittenDownByTheSweeper(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.sanction(a.ID, object{"kind": "permanent_block", "reason": "x", "expires_at": noon.Add(time.Hour)}).Want(201)
	require.Equal(t, []string{"arc blocked", "zoo blocked"}, f.hooks.departures())
	f.api.User(a.ID).Get(account).Refused(403, "account_blocked")
	f.sweep(time.Hour)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM sanctions WHERE removed_at = expires_at AND removed_by = 'system'`))
	f.api.User(a.ID).Get(account).Want(200)
	f.requireCacheMatchesStore(a.ID)
}

// Limits are counted under the account's lock: whoever holds it sees a sanction
// whole or not at all.
func TestALockedUserCannotChangeUnderneath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	ctx := httpx.WithCall(t.Context(), "r", uuid.Nil, httpx.Principal{Username: operator})
	started, done := make(chan struct{}), make(chan error, 1)
	require.NoError(t, f.db.InTx(t.Context(), func(tctx context.Context, tx *pg.Tx) error {
		before, err := f.accounts.Lock(tctx, tx, a.ID)
		require.NoError(t, err)
		go func() {
			close(started)
			_, _, err := f.users.ApplySanction(ctx, a.ID, user.SanctionTerms{Kind: user.GameJoinBlock, Reason: "x"})
			done <- err
		}()
		<-started
		after, err := f.accounts.Lock(tctx, tx, a.ID)
		require.Equal(t, before, after)
		return err
	}))
	require.NoError(t, <-done)
	s, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.True(t, s.Has(user.GameJoinBlock, f.clock.Now()))
	require.False(t, s.Blocked())
}

func TestASanctionIsMailedWithItsTermsUnlessItRollsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.mailer.FailWith(errors.New("no"))
	terms := object{"kind": "permanent_block", "reason": "cheating", "expires_at": noon.Add(day),
		"internal_note": "ticket 12"}
	f.sanction(a.ID, terms).Refused(500, "internal_error")
	f.mailer.FailWith(nil)
	require.Empty(t, f.hooks.departures())
	require.Zero(t, f.count(`SELECT count(*) FROM sanctions`))
	f.api.User(a.ID).Get(account).Want(200)
	f.sanction(a.ID, terms).Want(201)
	require.Equal(t, []mail.Message{{Template: "account.sanction.applied", To: "ada@example.org", UserID: a.ID,
		Data: object{"sanction": "permanent_block", "reason": "cheating", "expires_at": noon.Add(day)}}},
		f.mailer.Messages())
}

func TestOnlyAPermanentBlockCallsTheHooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, kind := range kinds {
		a := f.register(string(kind) + "@example.org")
		before := len(f.hooks.departures())
		f.sanction(a.ID, object{"kind": kind, "reason": "x"}).Want(201)
		f.sanction(a.ID, object{"kind": kind, "reason": "x"}).Want(200)
		want := 0
		if kind == user.PermanentBlock {
			want = 2 // two hooks, once
		}
		require.Len(t, f.hooks.departures()[before:], want, kind)
	}
}

func TestEachKindOfSanctionIsActiveOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for _, kind := range kinds {
		f.sanction(a.ID, object{"kind": kind, "reason": "one"}).Want(201)
	}
	for _, kind := range kinds {
		for _, other := range []object{
			{"kind": kind, "reason": "two"}, {"kind": kind, "reason": "one", "expires_at": noon.Add(day)},
		} {
			reply := f.sanction(a.ID, other).Refused(409, "sanction_active")
			require.Contains(t, string(reply.Body), `"sanction_id"`, "the answer names the active one")
		}
	}
	s, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Len(t, s.Sanctions, len(kinds))
}

// The internal note is no part of the terms: it is not shown to the user.
func TestASanctionWithAnotherNoteIsTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.sanction(a.ID, object{"kind": "login_block", "reason": "x", "internal_note": "one"}).Want(201)
	f.sanction(a.ID, object{"kind": "login_block", "reason": "x", "internal_note": "two"}).Want(200)
}

// The sweeper has not come yet.
func TestAnExpiredSanctionMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	end := noon.Add(30 * time.Second)
	f.sanction(a.ID, object{"kind": "login_block", "reason": "one", "expires_at": end}).Want(201)
	f.clock.Set(end)
	f.sanction(a.ID, object{"kind": "login_block", "reason": "two"}).Want(201)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM sanctions WHERE reason = 'one' AND removed_by = 'system' AND removed_at = $1`, end))
	f.requireCacheMatchesStore(a.ID)
}

func TestASanctionOfAnotherUserIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	type sanction struct {
		ID string `json:"sanction_id"`
	}
	x := testkit.Into[sanction](f.sanction(ada.ID, object{"kind": "login_block", "reason": "x"}).Want(201))
	f.admin().Delete(userPath(bob.ID, "/sanctions/"+x.ID)).Refused(404, "not_found")
	blocked, err := f.users.LoginBlocked(t.Context(), f.db, "ada@example.org")
	require.NoError(t, err)
	require.True(t, blocked)
}

func TestALoginBlockIsFoundByTheAddressOfALiveAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		kind string
		want bool
	}{{"login_block", true}, {"permanent_block", true}, {"game_join_block", false}, {"profile_update_block", false}} {
		a := f.register(c.kind + "@example.org")
		f.sanction(a.ID, object{"kind": c.kind, "reason": "x", "expires_at": noon.Add(day)}).Want(201)
		require.Equal(t, c.want, f.loginBlocked(a.Email), c.kind)
		f.softDelete(a.ID).Want(200)
		require.False(t, f.loginBlocked(a.Email), c.kind)
		f.restore(a.ID).Want(200)
		require.Equal(t, c.want, f.loginBlocked(a.Email), c.kind)
	}
	require.False(t, f.loginBlocked("nobody@example.org"))
	f.clock.Set(noon.Add(day))
	require.False(t, f.loginBlocked("login_block@example.org"))
}

func (f *fixture) loginBlocked(email string) bool {
	f.Helper()
	blocked, err := f.users.LoginBlocked(f.Context(), f.db, email)
	require.NoError(f, err)
	return blocked
}
