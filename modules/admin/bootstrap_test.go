package admin

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/secret"
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
