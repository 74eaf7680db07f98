package runtime

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/testkit"
)

func instanceAt(t *testing.T, dsn string) *Instance {
	t.Helper()
	return NewInstance(testkit.Open(t, dsn), clock.System{}, zap.NewNop())
}

func TestInstanceIsMadeOnceAndReadAtEveryLaterStart(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	first := instanceAt(t, p.DSN)
	require.NoError(t, first.Open(t.Context()))
	made, err := first.ID(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, uuid.Nil, made)

	read, err := instanceAt(t, p.DSN).ID(t.Context())

	require.NoError(t, err)
	require.Equal(t, made, read)
}

func TestDatabasesOfOneTemplateAreDifferentInstances(t *testing.T) {
	t.Parallel()
	seen := map[uuid.UUID]bool{}
	for range 2 {
		id, err := instanceAt(t, testkit.Postgres(t).DSN).ID(t.Context())
		require.NoError(t, err)
		seen[id] = true
	}
	require.Len(t, seen, 2)
}

func TestCopyOfADatabaseWhoseInstanceIsForgottenBecomesAnother(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	original, err := instanceAt(t, p.DSN).ID(t.Context())
	require.NoError(t, err)
	_, err = testkit.Conn(t, p.DSN).Exec(t.Context(), `DELETE FROM runtime_instance`)
	require.NoError(t, err)

	fresh, err := instanceAt(t, p.DSN).ID(t.Context())

	require.NoError(t, err)
	require.NotEqual(t, original, fresh)
}

// Without its identity a driver cannot tell whose an engine is.
func TestInstanceThatCannotBeReadIsADriverThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), `DROP TABLE runtime_instance`)
	require.NoError(t, err)
	i := instanceAt(t, p.DSN)

	_, err = i.ID(t.Context())

	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorIs(t, i.Open(t.Context()), driver.ErrUnavailable)
}

func TestStartFailsWhereTheEngineOfAnotherInstanceHasTheName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, own := uuid.New(), uuid.New()
	f.driver.Fail(driver.OtherInstance("the container galaxy-game-x", other.String(), own), "ensure")
	game := f.start()

	f.converge()

	r := f.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, "container_foreign", r.LastCode)
	for _, said := range []string{"galaxy-game-x", other.String(), own.String(), "an operator has to remove it"} {
		require.Contains(t, r.LastError, said)
	}
	require.Equal(t, []notification.Kind{notification.KindContainerForeign}, f.notifier.Kinds())
	require.Zero(t, f.driver.Calls("remove"))
	require.Zero(t, f.converge(), "nobody tries again until it is asked for")
}
