package driver_test

import (
	"reflect"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestOnlyCanonicalNamesBelongToAGame(t *testing.T) {
	t.Parallel()
	game := uuid.MustParse("019aa000-0000-7000-8000-00000000000a")
	got, ok := driver.GameOf(driver.Name(game))
	require.True(t, ok)
	require.Equal(t, game, got)
	for _, name := range []string{
		"", "galaxy-game-", game.String(), "galaxy-game-019AA000-0000-7000-8000-00000000000A", "galaxy-game-" + game.URN(),
		"galaxy-game-{" + game.String() + "}", "galaxy-game-00000000-0000-0000-0000-000000000000", "galaxy-game-../" + game.String(),
	} {
		_, ok := driver.GameOf(name)
		require.False(t, ok, name)
	}
}

func TestEveryFieldOfASpecCounts(t *testing.T) {
	t.Parallel()
	base := driver.Spec{GameID: uuid.Must(uuid.NewV7()), Env: map[string]string{"A": "1", "B": "2"}}
	same := base
	same.Env = map[string]string{"B": "2", "A": "1"}
	require.Equal(t, base.Hash(), same.Hash())
	seen := map[string]string{base.Hash(): "none"}
	for i := range reflect.TypeFor[driver.Spec]().NumField() {
		other := base
		field, name := reflect.ValueOf(&other).Elem().Field(i), reflect.TypeFor[driver.Spec]().Field(i).Name
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Int64:
			field.SetInt(7)
		case reflect.Float64:
			field.SetFloat(7)
		case reflect.Map:
			field.Set(reflect.ValueOf(map[string]string{"x": "y"}))
		case reflect.Array:
			field.Set(reflect.ValueOf(uuid.New()))
		default:
			t.Fatalf("%s: a kind that this test does not know", name)
		}
		require.NotContains(t, seen, other.Hash(), name)
		seen[other.Hash()] = name
	}
}

func goodSpec() driver.Spec {
	game := uuid.Must(uuid.NewV7())
	return driver.Spec{
		GameID: game, Version: "0.1.0", Image: "galaxy-game:0.1.0", Generation: 1, StateDir: "/srv/" + game.String(),
		StateMount: "/var/lib/galaxy-game", User: "65532:65532", CPU: 1, Memory: 100, Pids: 1,
	}
}

func TestSpecThatNoDriverCouldRunIsRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, goodSpec().Validate())
	for want, change := range map[string]func(*driver.Spec){
		"no game":                               func(s *driver.Spec) { s.GameID = uuid.Nil },
		"no image":                              func(s *driver.Spec) { s.Image = "" },
		"the state directory is not the game's": func(s *driver.Spec) { s.StateDir = "/srv/" + uuid.NewString() },
		"the state mount is not absolute":       func(s *driver.Spec) { s.StateMount = "state" },
		"a limit is not positive":               func(s *driver.Spec) { s.Pids = 0 },
	} {
		s := goodSpec()
		change(&s)
		err := s.Validate()
		require.ErrorIs(t, err, driver.ErrConfigInvalid, want)
		require.ErrorContains(t, err, want)
	}
}

func TestEnvironmentIsWhatTheContractNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	s := goodSpec()
	s.Env = map[string]string{"ENGINE_LOG_LEVEL": "debug"}
	require.Equal(t, []string{
		"ENGINE_GAME_ID=" + s.GameID.String(), "ENGINE_LISTEN_ADDR=:8080", "ENGINE_LOG_LEVEL=debug",
		"ENGINE_STATE_DIR=/var/lib/galaxy-game", "GOMEMLIMIT=80",
	}, s.Environment(":8080", s.StateMount), "in the order of names; the Go runtime gets most of the memory and not all")
}
