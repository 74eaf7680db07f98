package secret_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/secret"
)

func TestASecretNeverShowsItself(t *testing.T) {
	t.Parallel()
	type config struct{ Password secret.Secret }
	c := config{secret.New("hunter2")}
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	for _, shown := range []string{
		c.Password.String(), string(encoded), fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c, c, c, c),
		fmt.Sprintf("%#v %x", c.Password, c.Password), fmt.Sprint(&c.Password),
	} {
		require.NotContains(t, shown, "hunter2")
		require.NotContains(t, shown, fmt.Sprintf("%x", "hunter2"))
	}
	require.Equal(t, "hunter2", c.Password.Reveal())
}

func TestAnUnsetSecretIsEmpty(t *testing.T) {
	t.Parallel()
	var s secret.Secret
	require.False(t, s.IsSet())
	require.Empty(t, s.String())
	require.NoError(t, s.UnmarshalText([]byte("x")))
	require.True(t, s.IsSet())
	require.Equal(t, secret.Mask, s.String())
}

func TestASecretInsideOthersStaysHidden(t *testing.T) {
	t.Parallel()
	nested := map[string]any{"list": []secret.Secret{secret.New("hunter2")}, "pointer": &struct{ S secret.Secret }{secret.New("hunter2")}}
	encoded, err := json.Marshal(nested)
	require.NoError(t, err)
	require.JSONEq(t, `{"list":["***"],"pointer":{"S":"***"}}`, string(encoded))
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x", "%d", "%#v"} {
		require.NotContains(t, fmt.Sprintf(verb, nested["list"]), "hunter2", verb)
	}
	require.NotContains(t, fmt.Errorf("connect with %v: %w", secret.New("hunter2"), fmt.Errorf("%s", secret.New("hunter2"))).Error(), "hunter2")
}

func TestSecretsOfOneValueAreEqual(t *testing.T) {
	t.Parallel()
	require.Equal(t, secret.New("a"), secret.New("a"))
	require.NotEqual(t, secret.New("a"), secret.New("b"))
}
