package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/stretchr/testify/require"
)

func TestTheDefaultsAreEnough(t *testing.T) {
	c, _, err := Load(environment(complete(), nil))
	require.NoError(t, err)
	require.Equal(t, ":8080", c.HTTP.ListenAddr)
	require.Equal(t, 30*time.Second, c.ShutdownTimeout)
	require.EqualValues(t, "galaxy-backend", c.ServiceName)
	require.Equal(t, 10*time.Second, c.GRPCPush.ShutdownTimeout)
	require.Equal(t, 5*time.Minute, c.FreshnessWindow)
	require.EqualValues(t, 25, c.Postgres.MaxConns)
}

// TestEveryVariableOfTheDescriptionExists holds the names and defaults of the
// description that the product is built from.
func TestEveryVariableOfTheDescriptionExists(t *testing.T) {
	have := map[string]variable{}
	for _, v := range variables(&Config{}) {
		have[v.Name] = v
		require.NotEmpty(t, v.Text, v.Name)
	}
	text, err := os.ReadFile("testdata/variables.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		required, value, _ := strings.Cut(rest, " ")
		v, ok := have[name]
		require.True(t, ok, "%s is missing", name)
		require.Equal(t, required == "yes", v.Required, name)
		require.Equal(t, value, v.Default, name)
	}
}

func TestAllProblemsAreReportedAtOnceAndNoValue(t *testing.T) {
	_, _, err := Load(environment(map[string]string{}, map[string]string{
		"BACKEND_HTTP_READ_TIMEOUT": "hunter2", "BACKEND_POSTGRES_MAX_CONNS": "many", "BACKEND_SMTP_TLS_MODE": "hunter2",
		"BACKEND_ADMIN_BOOTSTRAP_USER": "root", "BACKEND_SMTP_HOST": "  ", "BACKEND_RUNTIME_CONTAINER_LOG_OPTS": "hunter2",
	}))
	for _, name := range []string{"BACKEND_HTTP_READ_TIMEOUT", "BACKEND_POSTGRES_MAX_CONNS", "BACKEND_SMTP_TLS_MODE", "BACKEND_ADMIN_BOOTSTRAP_PASSWORD",
		"BACKEND_SMTP_HOST is required", "BACKEND_POSTGRES_DSN is required", "BACKEND_GEOIP_DB_PATH is required", "BACKEND_DOCKER_NETWORK is required",
		"BACKEND_GAME_STATE_ROOT is required", "BACKEND_SMTP_FROM is required", "BACKEND_RUNTIME_CONTAINER_LOG_OPTS"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "hunter2")
	lines := strings.Split(err.Error(), "\n")
	seen := map[string]bool{}
	for _, l := range lines {
		require.False(t, seen[l], "%q is said twice", l)
		seen[l] = true
	}
}

func TestAVariableThatIsNotOursIsWarnedAbout(t *testing.T) {
	_, warnings, err := Load(environment(complete(), map[string]string{"BACKEND_HTTP_LISTEN_ADRESZ": ":1", "BACKEND_HTTP_TRUSTED_PROXIES": "10.0.0.0/8"}))
	require.NoError(t, err)
	require.Equal(t, []string{"BACKEND_HTTP_LISTEN_ADRESZ is not a variable of this program"}, warnings)
}

func TestAGatewayThatIsNotListedIsWarnedAbout(t *testing.T) {
	_, warnings, err := Load(environment(complete(), nil))
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0], "BACKEND_HTTP_TRUSTED_PROXIES is empty")
	_, warnings, err = Load(environment(complete(), map[string]string{"BACKEND_HTTP_TRUSTED_PROXIES": "10.0.0.0/8"}))
	require.NoError(t, err)
	require.Empty(t, warnings)
}

func TestAVariableSetToNothingIsNotSet(t *testing.T) {
	c, _, err := Load(environment(complete(), map[string]string{"BACKEND_POSTGRES_MAX_CONNS": ""}))
	require.NoError(t, err)
	require.EqualValues(t, 25, c.Postgres.MaxConns)
}

func TestTheHostsOwnVariablesAreNotRead(t *testing.T) {
	t.Setenv("SERVICE_NAME", "intruder")
	t.Setenv("BACKEND_SERVICE_NAME", "intruder")
	t.Setenv("_VALUE", "intruder")
	c, _, err := Load(append(environment(complete(), nil), "LISTEN_ADDR=:1"))
	require.NoError(t, err)
	require.EqualValues(t, "galaxy-backend", c.ServiceName, "only what is handed over counts")
	require.Equal(t, ":8080", c.HTTP.ListenAddr)
}

func TestLoadingChangesNothingOfTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("hunter2\n"), 0o600))
	t.Setenv("BACKEND_SMTP_PORT", "")
	before := os.Environ()
	_, _, err := Load(append(os.Environ(), "BACKEND_SMTP_PASSWORD_FILE="+file, "BACKEND_MAIL_MAX_ATTEMPTS=many"))
	require.Error(t, err)
	require.Equal(t, before, os.Environ())
}

// TestVariablesAreNamedAsByEnvconfig holds the walk over the fields to the
// library's own: whoever knows envconfig knows the names.
func TestVariablesAreNamedAsByEnvconfig(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, envconfig.Usagef(prefix, &Config{}, &text,
		"{{range .}}{{printf \"%s|%s|%s|%s\" (usage_key .) (usage_required .) (usage_default .) (usage_description .)}}\n{{end}}"))
	want := strings.Split(strings.TrimSpace(text.String()), "\n")
	slices.Sort(want)
	var got []string
	for _, v := range variables(&Config{}) {
		required := ""
		if v.Required {
			required = "true"
		}
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", v.Name, required, v.Default, v.Text))
	}
	slices.Sort(got)
	require.Equal(t, want, got)
}

func TestTheEffectiveConfigurationMasksSecrets(t *testing.T) {
	environ := environment(complete(), map[string]string{"BACKEND_SMTP_PASSWORD": "hunter2", "BACKEND_SMTP_USERNAME": "u", "BACKEND_GATEWAY_SECRET": "hunter2hunter2hunter2hunter2hunter2"})
	var out bytes.Buffer
	require.NoError(t, printConfig(&out, environ))
	require.NotContains(t, out.String(), "hunter2")
	require.Contains(t, out.String(), `"BACKEND_SMTP_PASSWORD": "***"`)
	require.Contains(t, out.String(), `"BACKEND_POSTGRES_DSN": "***"`)
	require.Contains(t, out.String(), `"BACKEND_SMTP_HOST": "127.0.0.1"`)
}

func TestHelpListsEveryVariable(t *testing.T) {
	var out bytes.Buffer
	require.Zero(t, command([]string{"--help"}, &out))
	for _, v := range variables(&Config{}) {
		require.Contains(t, out.String(), v.Name)
	}
}

func TestACommandLineThatMeansNothingIsRefused(t *testing.T) {
	for name, value := range complete() {
		t.Setenv(name, value)
	}
	require.Equal(t, 2, command([]string{"sreve"}, &bytes.Buffer{}))
	require.Equal(t, 2, command([]string{"serve", "-v"}, &bytes.Buffer{}))
	require.Zero(t, command([]string{"version"}, &bytes.Buffer{}))
}

func TestASecretMayComeFromAFile(t *testing.T) {
	vars := complete()
	dsn := vars["BACKEND_POSTGRES_DSN"]
	delete(vars, "BACKEND_POSTGRES_DSN")
	file := filepath.Join(t.TempDir(), "dsn")
	require.NoError(t, os.WriteFile(file, []byte(dsn+"\n"), 0o600))
	environ := environment(vars, map[string]string{"BACKEND_POSTGRES_DSN_FILE": file, "BACKEND_HTTP_TRUSTED_PROXIES": "10.0.0.0/8"})
	c, warnings, err := Load(environ)
	require.NoError(t, err)
	require.Empty(t, warnings, "the file's variable is known")
	require.Equal(t, dsn, c.Postgres.DSN.Reveal())
	var out bytes.Buffer
	require.NoError(t, printConfig(&out, environ))
	require.NotContains(t, out.String(), "hunter2")
}

func TestASecretInAFileThatIsNotThereIsNamed(t *testing.T) {
	_, _, err := Load(environment(complete(), map[string]string{"BACKEND_SMTP_PASSWORD_FILE": "/nowhere/hunter2", "BACKEND_POSTGRES_DSN_FILE": "/dev/null"}))
	require.ErrorContains(t, err, "BACKEND_SMTP_PASSWORD_FILE cannot be read")
	require.ErrorContains(t, err, "BACKEND_POSTGRES_DSN and BACKEND_POSTGRES_DSN_FILE exclude each other")
	require.NotContains(t, err.Error(), "hunter2")
}
