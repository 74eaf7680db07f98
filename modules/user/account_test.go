package user_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

const account = "/api/v1/user/account"

type profile struct {
	DisplayName string `json:"display_name"`
	UserName    string `json:"user_name"`
	Language    string `json:"preferred_language"`
	TimeZone    string `json:"time_zone"`
}

func TestAProfileIsChangedAndNormalised(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	got := testkit.Into[profile](f.api.User(a.ID).Patch(account,
		object{"display_name": "  Ada L. ", "preferred_language": "PT-br", "time_zone": "America/Sao_Paulo"}).Want(200))
	require.Equal(t, profile{"Ada L.", a.UserName, "pt-BR", "America/Sao_Paulo"}, got)
	require.Equal(t, got, testkit.Into[profile](f.api.User(a.ID).Get(account).Want(200)))
	f.requireCacheMatchesStore(a.ID)
}

func TestAnInvalidProfileIsRefusedAndNothingChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for _, bad := range []object{
		{"time_zone": "../../etc/passwd"}, {"time_zone": "UTC+1"}, {"preferred_language": "../../etc"},
		{"display_name": "\u202Eevil"},
		{"display_name": "   "}, {"display_name": "forty-one characters, which is one more!!"}, {"display_name": "a\tb"},
		{"display_name": "Ada", "time_zone": "Mars/Olympus"},
	} {
		f.api.User(a.ID).Patch(account, bad).Refused(422, "validation_failed")
	}
	f.api.User(a.ID).Lenient().Patch(account, object{}).Refused(422, "validation_failed")
	f.api.User(a.ID).Lenient().Patch(account, object{"user_name": "player-00000000"}).Refused(400, "invalid_request")
	require.Equal(t, 1, f.count(`SELECT version FROM accounts`))
}

func TestIfMatchGuardsTheProfile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	me := f.api.User(a.ID)
	tag := me.Get(account).Want(200).Header.Get("ETag")
	require.NotEmpty(t, tag)
	fresh := me.With("If-Match", tag).Patch(account, object{"display_name": "One"}).Want(200).Header.Get("ETag")
	require.NotEqual(t, tag, fresh)
	me.With("If-Match", tag).Patch(account, object{"display_name": "Two"}).Refused(412, "version_mismatch")
	require.Equal(t, fresh,
		me.With("If-Match", fresh).Patch(account, object{"display_name": "One"}).Want(200).Header.Get("ETag"),
		"nothing changed")
	me.With("If-Match", "*").Patch(account, object{"display_name": "Three"}).Want(200)
	require.Equal(t, "Three", testkit.Into[profile](me.Get(account).Want(200)).DisplayName)
}

func TestAReadAsksNoDatabaseAndAChangeIsTwoRoundTrips(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	before := f.db.Traffic()
	f.api.User(a.ID).Get(account).Want(200)
	require.Equal(t, before, f.db.Traffic())
	f.api.User(a.ID).Patch(account, object{"display_name": "Ada"}).Want(200)
	require.Equal(t, int64(2), f.db.Traffic().RoundTrips-before.RoundTrips)
}

func TestAnAddressHasOneLiveAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, again := f.register("ada@example.org"), f.register("ADA@Example.org")
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_snapshots WHERE plan = 'free'`))
	found, ok, err := f.users.FindByEmail(t.Context(), f.db, "ada@example.org")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, first.ID, found.ID)
	byName, err := f.accounts.FindByUserName(t.Context(), f.db, first.UserName)
	require.NoError(t, err)
	require.Equal(t, first.ID, byName.ID)
	_, err = f.accounts.FindByUserName(t.Context(), f.db, "player-00000000")
	require.ErrorIs(t, err, user.ErrNotFound)
}

func TestAUserNameThatIsTakenIsDrawnAgainWithinBounds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("ada@example.org")
	// Whatever is drawn, the table makes the one name of it that is taken.
	f.exec(`CREATE FUNCTION one_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT user_name INTO NEW.user_name FROM accounts LIMIT 1; RETURN NEW; END $$`)
	f.exec(`CREATE TRIGGER one_name BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION one_name()`)
	before := f.db.Traffic()
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.users.Register(ctx, tx, user.NewAccount{Email: "bob@example.org", Language: "en", TimeZone: "UTC",
			NameTries: 4})
		return err
	})
	require.Error(t, err)
	require.Equal(t, int64(5), f.db.Traffic().RoundTrips-before.RoundTrips, "four tries and the rollback")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`))
}

func TestAnAddressIsChangedUnlessTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	_, err := f.changeEmail(ada.ID, "Bob@example.org")
	require.ErrorIs(t, err, user.ErrEmailTaken)
	old, err := f.changeEmail(ada.ID, "new@example.org")
	require.NoError(t, err)
	require.Equal(t, "ada@example.org", old)
	_, err = f.changeEmail(bob.ID, "ada@example.org")
	require.NoError(t, err, "the old address is free")
	_, err = f.changeEmail(uuid.New(), "x@example.org")
	require.ErrorIs(t, err, user.ErrUserUnknown)
	f.requireCacheMatchesStore(ada.ID)
}

func TestManySnapshotsAreOneQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	_, cold := f.uncached()
	require.NoError(t, cold.Start(t.Context()))
	before := f.db.Traffic()
	got, err := cold.Snapshots(t.Context(), []uuid.UUID{ada.ID, bob.ID, uuid.New()})
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, ada.UserName, got[ada.ID].UserName)
	require.Equal(t, int64(1), f.db.Traffic().RoundTrips-before.RoundTrips)
}

// A full cache is more than one statement may read in its time.
func TestTheWarmUpReadsTheNewestAccountsInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	oldest := f.register("oldest@example.org")
	require.NoError(t, f.db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
			SELECT ('ff000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.org', n || '@example.org',
			       'player-' || lpad(n::text, 8, '0'), 'x', 'en', 'UTC', '', $1, $1 FROM generate_series(1, 12000) n`, noon)
		tx.Queue(`INSERT INTO entitlement_records (record_id, user_id, plan, source, actor, reason, starts_at)
			SELECT user_id, user_id, 'free', 'registration', 'system', '', $1 FROM accounts WHERE user_id <> $2`, noon, oldest.ID)
		tx.Queue(`INSERT INTO entitlement_snapshots (user_id, record_id, plan, starts_at, updated_at)
			SELECT user_id, record_id, plan, starts_at, starts_at FROM entitlement_records WHERE user_id <> $1`, oldest.ID)
		return nil
	}))
	for size, pages := range map[int]int64{11_000: 3, 20_000: 3, 10_000: 2} {
		warm := user.NewAccounts(f.db, f.clock, user.CacheConfig{UsersMax: size})
		before := f.db.Traffic()
		require.NoError(t, warm.Start(t.Context()))
		require.Equal(t, pages, f.db.Traffic().Statements-before.Statements)
		before = f.db.Traffic()
		_, err := warm.Snapshot(t.Context(), oldest.ID)
		require.NoError(t, err)
		require.Equal(t, size > 12_000, f.db.Traffic().Statements == before.Statements, "whether the oldest has room")
	}
}
