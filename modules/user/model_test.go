package user_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// system is the service alone, for the model.
type system struct {
	testing.TB
	db       *pg.DB
	clock    *clock.Fake
	users    *user.Service
	accounts *user.Accounts
	sweeper  *user.Sweeper
}

func newSystem(t testing.TB, erasure time.Duration) *system {
	t.Helper()
	d := &system{TB: t, db: testkit.DB(t), clock: clock.NewFake(noon)}
	cfg := user.Config{ErasureGrace: erasure, SweepInterval: time.Minute}
	d.accounts = user.NewAccounts(d.db, d.clock, user.CacheConfig{UsersMax: 10})
	d.users = user.NewService(d.db, d.clock, cfg, d.accounts, &mailtest.Outbox{}, &admintest.Auditor{}, user.Hooks{})
	d.sweeper = user.NewSweeper(d.users, d.clock, cfg, zap.NewNop())
	return d
}

// term is something that may end.
type term struct {
	value int
	id    uuid.UUID
	terms string
	ends  *time.Time
}

func (u term) expired(now time.Time) bool { return u.ends != nil && !now.Before(*u.ends) }

// userModel is what a person who is granted plans, sanctioned, limited, deleted
// and restored may see. It fails on any error that it does not foresee.
type userModel struct {
	d         *system
	id        uuid.UUID
	plan      user.Plan
	ends      *time.Time
	sanctions map[user.SanctionKind]term
	overrides map[user.LimitName]term
	deleted   *time.Time
}

func (m *userModel) now() time.Time { return m.d.clock.Now() }

// want fails unless err is the one that is due.
func want(t *rapid.T, what string, got, want error) {
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// end draws no end, or one within two days.
func (m *userModel) end(t *rapid.T) *time.Time {
	hours := rapid.IntRange(0, 48).Draw(t, "hours")
	if hours == 0 {
		return nil
	}
	at := m.now().Add(time.Duration(hours) * time.Hour)
	return &at
}

func (m *userModel) grant(t *rapid.T) {
	plans := []user.Plan{user.Free, user.Monthly, user.Yearly, user.Permanent}
	g := user.Grant{Plan: rapid.SampledFrom(plans).Draw(t, "plan"), Source: "gift", Reason: "x"}
	if g.Plan.Ends() {
		g.EndsAt = m.end(t)
	}
	_, _, err := m.d.users.GrantPlan(m.d.Context(), m.id, g)
	if m.deleted != nil {
		want(t, "grant", err, user.ErrDeleted)
		return
	}
	want(t, "grant", err, nil)
	m.plan, m.ends = g.Plan, g.EndsAt
	if g.EndsAt == nil {
		m.ends = g.Plan.DefaultEnd(m.now())
	}
}

var kinds = []user.SanctionKind{user.LoginBlock, user.GameCreateBlock, user.GameJoinBlock, user.ProfileUpdateBlock,
	user.PermanentBlock}

func (m *userModel) sanction(t *rapid.T) {
	p := user.SanctionTerms{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		Reason: rapid.SampledFrom([]string{"spam", "cheating"}).Draw(t, "reason"), ExpiresAt: m.end(t)}
	terms := fmt.Sprint(p.Reason, p.ExpiresAt)
	was, there := m.sanctions[p.Kind]
	var due error
	switch {
	case m.deleted != nil:
		due = user.ErrDeleted
	case there && !was.expired(m.now()) && was.terms != terms:
		due = user.ErrSanctioned
	}
	got, made, err := m.d.users.ApplySanction(m.d.Context(), m.id, p)
	want(t, "sanction", err, due)
	if due != nil {
		return
	}
	if repeat := there && !was.expired(m.now()); made == repeat || repeat && got.ID != was.id {
		t.Fatalf("sanction: made=%t, a repeat=%t", made, repeat)
	}
	m.sanctions[p.Kind] = term{id: got.ID, terms: terms, ends: p.ExpiresAt}
}

func (m *userModel) lift(t *rapid.T) {
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	id, due := uuid.Must(uuid.NewV7()), user.ErrNoSanction
	if x, there := m.sanctions[kind]; there {
		id, due = x.id, nil
	}
	err := m.d.users.LiftSanction(m.d.Context(), m.id, id)
	switch {
	case m.deleted != nil:
		want(t, "lift", err, user.ErrDeleted)
	case due == nil:
		want(t, "lift", err, nil)
		delete(m.sanctions, kind)
	default:
		want(t, "lift", err, due)
	}
}

func (m *userModel) limit(t *rapid.T) {
	name, value := rapid.SampledFrom(user.LimitNames).Draw(t, "name"), rapid.IntRange(0, 9).Draw(t, "value")
	ends := m.end(t)
	err := m.d.users.SetLimit(m.d.Context(), m.id, name, value, "x", ends)
	if m.deleted != nil {
		want(t, "set a limit", err, user.ErrDeleted)
		return
	}
	want(t, "set a limit", err, nil)
	m.overrides[name] = term{value: value, ends: ends}
}

func (m *userModel) clearLimit(t *rapid.T) {
	name := rapid.SampledFrom(user.LimitNames).Draw(t, "name")
	o, there := m.overrides[name]
	var due error
	switch {
	case m.deleted != nil:
		due = user.ErrDeleted
	case !there || o.expired(m.now()):
		due = user.ErrNoOverride
	}
	want(t, "clear a limit", m.d.users.ClearLimit(m.d.Context(), m.id, name), due)
	if due == nil {
		delete(m.overrides, name)
	}
}

func (m *userModel) delete(t *rapid.T) {
	want(t, "delete", m.d.users.Delete(m.d.Context(), m.id), nil)
	if m.deleted == nil {
		now := m.now()
		m.deleted = &now
	}
}

func (m *userModel) restore(t *rapid.T) {
	var due error
	if m.deleted != nil && !m.now().Before(m.deleted.Add(grace)) {
		due = user.ErrErased
	}
	want(t, "restore", m.d.users.Restore(m.d.Context(), m.id), due)
	if due == nil {
		m.deleted = nil
	}
}

func (m *userModel) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"grant": m.grant, "sanction": m.sanction, "lift": m.lift, "limit": m.limit, "clear limit": m.clearLimit,
		"delete": m.delete, "restore": m.restore, "restore again": m.restore,
		"wait": func(t *rapid.T) {
			m.d.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 7, 30, 24 * 6}).Draw(t, "hours")) * time.Hour)
		},
		"sweep": func(t *rapid.T) { want(t, "sweep", m.d.sweeper.RunOnce(m.d.Context(), m.now()), nil) },
		"":      m.check,
	}
}

// expected is the snapshot that the model stands for.
func (m *userModel) expected(s user.Snapshot) user.Snapshot {
	now := m.now()
	s.Deleted, s.Plan, s.PlanEndsAt = m.deleted != nil, m.plan, m.ends
	if m.ends != nil && !now.Before(*m.ends) {
		s.Plan, s.PlanEndsAt = user.Free, nil
	}
	s.Limits = s.Plan.Limits()
	for name, o := range m.overrides {
		if o.expired(now) {
			continue
		}
		switch name {
		case user.OwnedPrivateGames:
			s.Limits.OwnedPrivateGames = o.value
		case user.ActiveMemberships:
			s.Limits.ActiveMemberships = o.value
		case user.PendingApplications:
			s.Limits.PendingApplications = o.value
		case user.RegisteredRaceNames:
			s.Limits.RegisteredRaceNames = o.value
		}
	}
	return s
}

// check holds the cache against the model, and the table against the cache.
func (m *userModel) check(t *rapid.T) {
	cached, err := m.d.accounts.Snapshot(m.d.Context(), m.id)
	want(t, "read", err, nil)
	var stored user.Snapshot
	want(t, "lock", m.d.db.InTx(m.d.Context(), func(ctx context.Context, tx *pg.Tx) error {
		stored, err = m.d.accounts.Lock(ctx, tx, m.id)
		return err
	}), nil)
	if a, b := text(t, cached), text(t, stored); a != b {
		t.Fatalf("cached\n%s\nstored\n%s", a, b)
	}
	if a, b := text(t, cached), text(t, m.expected(cached)); a != b {
		t.Fatalf("got\n%s\nwant\n%s", a, b)
	}
	active := 0
	for kind, x := range m.sanctions {
		if !x.expired(m.now()) {
			active++
		}
		if cached.Has(kind, m.now()) == x.expired(m.now()) {
			t.Fatalf("%s: expired=%t", kind, x.expired(m.now()))
		}
	}
	if len(cached.Sanctions) != active {
		t.Fatalf("%d sanctions, want %d", len(cached.Sanctions), active)
	}
	var due error
	if x, there := m.sanctions[user.PermanentBlock]; m.deleted != nil {
		due = user.ErrUserUnknown
	} else if there && !x.expired(m.now()) {
		due = user.ErrBlocked
	}
	want(t, "admit", m.d.users.Admit(m.d.Context(), m.id), due)
}

func text(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return string(b)
}

// checkModel runs random steps against the service and the model.
func checkModel(t rapid.TB, d *system) {
	rapid.Check(t, func(t *rapid.T) {
		var a user.Account
		want(t, "register", d.db.InTx(d.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
			a, err = d.users.Register(ctx, tx, user.NewAccount{Email: uuid.NewString() + "@example.org", Language: "en",
				TimeZone: "UTC"})
			return err
		}), nil)
		m := &userModel{d: d, id: a.ID, plan: user.Free, sanctions: map[user.SanctionKind]term{},
			overrides: map[user.LimitName]term{}}
		t.Repeat(m.actions())
	})
}

func TestUsersBehaveAsTheirModel(t *testing.T) {
	t.Parallel()
	checkModel(t, newSystem(t, grace))
}

// Each mutant is a mistake that somebody could make: in the configuration that
// reaches the service, or, by a trigger, in a statement.
func TestTheModelOfUsersKillsItsMutants(t *testing.T) {
	checks := flag.Lookup("rapid.checks").Value.String()
	require.NoError(t, flag.Set("rapid.checks", "1000")) // it ends with the first that fails
	t.Cleanup(func() { _ = flag.Set("rapid.checks", checks) })
	for name, mutant := range map[string]struct{ table, moment, body string }{
		"a sanction is never lifted":      {"sanctions", "UPDATE", `RETURN NULL;`},
		"a sanction forgets its end":      {"sanctions", "INSERT", `NEW.expires_at := NULL; RETURN NEW;`},
		"a plan lasts an hour longer":     {"entitlement_snapshots", "INSERT OR UPDATE", `NEW.ends_at := NEW.ends_at + interval '1 hour'; RETURN NEW;`},
		"a plan is not taken over":        {"entitlement_snapshots", "UPDATE", `RETURN NULL;`},
		"an override is one too many":     {"limit_overrides", "INSERT", `NEW.value := NEW.value + 1; RETURN NEW;`},
		"a deletion is not written":       {"accounts", "UPDATE", `NEW.deleted_at := OLD.deleted_at; RETURN NEW;`},
		"the grace period is a day short": {},
	} {
		t.Run(name, func(t *testing.T) {
			erasure := grace
			if mutant.table == "" {
				erasure -= day
			}
			d := newSystem(t, erasure)
			if mutant.table != "" {
				require.NoError(t, d.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
					_, err := tx.Exec(ctx, `CREATE FUNCTION mutate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+mutant.body+` END $$`)
					if err == nil {
						_, err = tx.Exec(ctx, `CREATE TRIGGER mutant BEFORE `+mutant.moment+` ON `+mutant.table+` FOR EACH ROW EXECUTE FUNCTION mutate()`)
					}
					return err
				}))
			}
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { checkModel(t, d) }), "the model did not notice")
		})
	}
}
