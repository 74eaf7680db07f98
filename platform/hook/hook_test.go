package hook_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/hook"
)

type greeter interface{ Name() string }

type parter interface {
	Name() string
	Part() string
}

type named string

func (n named) Name() string { return string(n) }
func (n named) Part() string { return "bye" }

type in struct {
	fx.In
	Greeters []greeter `group:"hooks"`
	Parters  []parter  `group:"hooks"`
}

func names[H hook.Named](hooks []H) []string {
	out := []string{}
	for _, h := range hook.Sorted(hooks) {
		out = append(out, h.Name())
	}
	return out
}

func TestHooksOfOneKindComeInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	for range 20 { // groups are shuffled
		var got in
		app := fx.New(fx.NopLogger,
			hook.Provide[greeter](func() named { return "turn" }, func() greeter { return named("game") }),
			hook.Provide[greeter](func() *named { n := named("lobby"); return &n }),
			hook.Provide[parter](func() named { return "other" }),
			fx.Populate(&got),
		)
		require.NoError(t, app.Err())
		require.Equal(t, []string{"game", "lobby", "turn"}, names(got.Greeters))
		require.Equal(t, []string{"other"}, names(got.Parters))
	}
}

func TestNoHookIsAnEmptyList(t *testing.T) {
	t.Parallel()
	var got in
	require.NoError(t, fx.New(fx.NopLogger, fx.Populate(&got)).Err())
	require.Empty(t, names(got.Greeters))
}

func TestWhatIsNoHookIsRefusedWhenTheGraphIsBuilt(t *testing.T) {
	t.Parallel()
	app := fx.New(fx.NopLogger, hook.Provide[parter](func() int { return 1 }), fx.Invoke(func(in) {}))
	require.ErrorContains(t, app.Err(), "does not implement")
}
