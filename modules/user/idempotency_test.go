package user_test

import (
	"testing"
	"time"

	"galaxy/backend/platform/testkit"

	"github.com/stretchr/testify/require"
)

func TestTheSameSanctionOrGrantAgainInsertsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	sanction := object{"kind": "login_block", "reason": "spam"}
	one := f.sanction(a.ID, sanction).Want(201)
	require.Equal(t, one.Body, f.sanction(a.ID, sanction).Want(200).Body)
	require.NotEmpty(t, one.Header.Get("Location"))
	f.sanction(a.ID, object{"kind": "login_block", "reason": "other"}).Refused(409, "sanction_active")
	plan := object{"plan": "permanent", "reason": "founder"}
	f.grant(a.ID, plan).Want(201)
	f.grant(a.ID, plan).Want(200)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM entitlement_records`))
}

func TestAnIdempotencyKeyIsOneRowPerOperator(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for path, bodies := range map[string][2]object{
		"/notes":        {{"text": "one"}, {"text": "two"}},
		"/entitlements": {{"plan": "monthly", "reason": "one"}, {"plan": "monthly", "reason": "two"}},
		"/sanctions":    {{"kind": "login_block", "reason": "one"}, {"kind": "game_join_block", "reason": "two"}},
	} {
		once := f.admin().With("Idempotency-Key", "key-1")
		made := once.Post(userPath(a.ID, path), bodies[0]).Want(201)
		f.clock.Advance(time.Minute)
		require.Equal(t, made.Body, once.Post(userPath(a.ID, path), bodies[0]).Want(200).Body, path)
		once.Post(userPath(a.ID, path), bodies[1]).Refused(409, "idempotency_conflict")
		f.api.Admin("second", password).With("Idempotency-Key", "key-1").Post(userPath(a.ID, path), bodies[1]).Want(201)
	}
	require.Equal(t, 6, f.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'succeeded' AND actor = 'root'`))
	require.Equal(t, 3, f.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'refused' AND reason = 'idempotency_conflict'`))
}

// The same instant in another zone is the same request.
func TestARequestIsTheSameWhateverTheZoneOfItsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	once := f.admin().With("Idempotency-Key", "key-1")
	for path, c := range map[string]struct {
		field string
		body  map[string]any
	}{
		"/sanctions":    {"expires_at", object{"kind": "login_block", "reason": "x"}},
		"/entitlements": {"ends_at", object{"plan": "monthly", "reason": "x"}},
	} {
		c.body[c.field] = "2026-03-02T12:00:00Z"
		made := once.Post(userPath(a.ID, path), c.body).Want(201)
		c.body[c.field] = "2026-03-02T14:00:00.0000001+02:00" // below what the database keeps
		require.Equal(t, made.Body, once.Post(userPath(a.ID, path), c.body).Want(200).Body, path)
		c.body[c.field] = "2026-03-02T12:00:01Z"
		once.Post(userPath(a.ID, path), c.body).Refused(409, "idempotency_conflict")
	}
}

// A repeat tells what became of the first call, and does not do it again.
func TestARepeatAfterTheSanctionWasLiftedDoesNotApplyItAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	once := f.admin().With("Idempotency-Key", "key-1")
	terms := object{"kind": "profile_update_block", "reason": "spam"}
	type sanction struct {
		ID     string `json:"sanction_id"`
		Active bool   `json:"active"`
	}
	first := testkit.Into[sanction](once.Post(userPath(a.ID, "/sanctions"), terms).Want(201))
	f.admin().Delete(userPath(a.ID, "/sanctions/"+first.ID)).Want(204)
	repeat := testkit.Into[sanction](once.Post(userPath(a.ID, "/sanctions"), terms).Want(200))
	require.Equal(t, sanction{ID: first.ID}, repeat)
	f.api.User(a.ID).Patch(account, object{"display_name": "Ada"}).Want(200)
	require.Len(t, f.mailer.Messages(), 1, "the user hears of it once")
}

func TestAKeyBelongsToOneUserAndOneKindOfRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	once := f.admin().With("Idempotency-Key", "key-1")
	for path, body := range map[string]object{
		"/notes": {"text": "x"}, "/sanctions": {"kind": "login_block", "reason": "x"},
		"/entitlements": {"plan": "yearly", "reason": "x"},
	} {
		once.Post(userPath(ada.ID, path), body).Want(201)
		once.Post(userPath(bob.ID, path), body).Refused(409, "idempotency_conflict")
	}
	f.admin().With("Idempotency-Key", "key 1").Lenient().Post(userPath(ada.ID, "/notes"), object{"text": "x"}).
		Refused(400, "invalid_request")
}

// Without a key a note is never a repeat: operators may write the same twice.
func TestNotesWithoutAKeyAreAllKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for range 2 {
		reply := f.note(a.ID, "called again").Want(201)
		require.Equal(t, userPath(a.ID, "/notes"), reply.Header.Get("Location"))
	}
	require.Equal(t, 2, f.count(`SELECT count(*) FROM account_notes WHERE actor = 'root'`))
}

// A monthly plan that is granted again ends a month from now, not from then.
func TestAGrantWithoutAnEndIsNoRepeat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	plan := object{"plan": "monthly", "reason": "paid"}
	f.grant(a.ID, plan).Want(201)
	f.clock.Advance(day)
	f.grant(a.ID, plan).Want(201)
	s, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, noon.Add(day).AddDate(0, 1, 0), s.PlanEndsAt.UTC())
}

func TestAGrantThatDiffersInAnythingIsNoRepeat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	plan := func(change ...any) object {
		body := object{"plan": "yearly", "reason": "paid", "source": "purchase", "ends_at": noon.Add(day)}
		for i := 0; i < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		return body
	}
	f.grant(a.ID, plan()).Want(201)
	f.grant(a.ID, plan()).Want(200)
	for _, change := range [][]any{{"plan", "monthly"}, {"reason", "gift"}, {"source", "gift"},
		{"ends_at", noon.Add(2 * day)}} {
		f.grant(a.ID, plan(change...)).Want(201)
		f.grant(a.ID, plan()).Want(201)
	}
	f.api.Admin("second", password).Post(userPath(a.ID, "/entitlements"), plan()).Want(201)
}
