package admin

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestBootstrapAccountIsInsertedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, err := f.Account(t.Context(), "root")
	require.NoError(t, err)
	require.True(t, a.Bootstrap)
	require.Equal(t, httpx.Administrator, a.Role)
	require.Equal(t, 1, f.logged("bootstrap admin account created"))
	_, err = f.ResetPassword(f.asAdmin(), "root", otherPassword)
	require.NoError(t, err)

	again := newFixtureOn(t, f.db, rootConfig())
	require.NoError(t, again.login("root", otherPassword), "a later start does not restore the old password")
	require.ErrorIs(t, again.login("root", password), ErrCredentials)
	require.Zero(t, again.logged("bootstrap admin account created"))
}

func TestTwoStartsAtOnceInsertOneBootstrapAccount(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	fixtures := []*fixture{unstarted(t, db, rootConfig()), unstarted(t, db, rootConfig())}
	errs := make([]error, len(fixtures))
	var wg sync.WaitGroup
	for i, f := range fixtures {
		wg.Go(func() { errs[i] = f.Start(t.Context()) })
	}
	wg.Wait()
	require.Equal(t, []error{nil, nil}, errs)
	for _, f := range fixtures {
		require.NoError(t, f.login("root", password))
	}
	accounts, err := fixtures[0].Accounts(t.Context())
	require.NoError(t, err)
	require.Len(t, accounts, 1)
}

func TestStartWarnsOfABootstrapPasswordInUse(t *testing.T) {
	t.Parallel()
	const warning = "admin account still has its bootstrap password"
	f := newFixture(t)
	require.Equal(t, 1, f.logged(warning))

	f.create("anna", httpx.Administrator)
	_, err := f.Disable(f.asAdmin(), "root")
	require.NoError(t, err)
	require.Zero(t, newFixtureOn(t, f.db, Config{}).logged(warning), "nobody can sign in with it")

	_, err = f.Enable(f.asAdmin(), "root")
	require.NoError(t, err)
	require.Equal(t, 1, newFixtureOn(t, f.db, Config{}).logged(warning))
	_, err = f.ResetPassword(f.asAdmin(), "root", otherPassword)
	require.NoError(t, err)
	require.Zero(t, newFixtureOn(t, f.db, Config{}).logged(warning))
}

func TestStartWithoutAnyAccountWarns(t *testing.T) {
	t.Parallel()
	f := newFixtureOn(t, testkit.DB(t), Config{})
	require.Equal(t, 1, f.logged("there is no admin account: set BACKEND_ADMIN_BOOTSTRAP_USER and _PASSWORD once"))
	require.ErrorIs(t, f.login("root", password), ErrCredentials)
}

func TestStartFailsWithoutADatabase(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]Config{"bootstrap the first admin": rootConfig(), "warm admin accounts": {}} {
		f := unstarted(t, testkit.DB(t), cfg)
		f.closeDB()
		require.ErrorContains(t, f.Start(t.Context()), want)
	}
}

func TestStartReadsEveryAccountIntoTheCache(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Viewer)
	restarted := newFixtureOn(t, f.db, Config{})
	before := f.db.Traffic().Statements
	require.NoError(t, restarted.login("root", password))
	require.NoError(t, restarted.login("anna", password))
	require.Zero(t, f.db.Traffic().Statements-before)
}

func TestConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	require.NoError(t, Config{}.Validate())
	require.NoError(t, rootConfig().Validate())
	for want, c := range map[string]Config{
		"BACKEND_ADMIN_BOOTSTRAP_USER is required": {BootstrapPassword: secret.New(password)},
		"BACKEND_ADMIN_BOOTSTRAP_USER must be":     {BootstrapUser: "r oot", BootstrapPassword: secret.New(password)},
		"BACKEND_ADMIN_BOOTSTRAP_PASSWORD":         {BootstrapUser: "root"},
	} {
		require.ErrorContains(t, c.Validate(), want)
		require.NotContains(t, c.Validate().Error(), password)
	}
	both := Config{BootstrapUser: "r oot", BootstrapPassword: secret.New("short")}.Validate()
	require.ErrorContains(t, both, "_USER must be")
	require.ErrorContains(t, both, "_PASSWORD must have")
}
