package processdriver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestLogGoesOnWithTheNextStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Run()
	require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.Run()

	lines, err := f.driver.Logs(t.Context(), e.Spec.GameID, 100)

	require.NoError(t, err)
	require.Equal(t, []string{"started serve", "stopped", "started serve"}, lines)
}

func TestLogThatIsTooLongIsBegunAfresh(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	f.write(t, e.Spec.GameID.String()+".log", strings.Repeat("noise\n", 2<<20))
	e.Run()

	lines, err := f.driver.Logs(t.Context(), e.Spec.GameID, 100)

	require.NoError(t, err)
	require.Equal(t, []string{"started serve"}, lines)
}

func TestOnlyTheEndOfALongLogIsRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	f.write(t, e.Spec.GameID.String()+".log", strings.Repeat("0123456789abcde\n", 128<<10)) // 2 MiB
	e.Run()

	lines, err := f.driver.Logs(t.Context(), e.Spec.GameID, 1<<20)

	require.NoError(t, err)
	require.LessOrEqual(t, len(strings.Join(lines, "\n")), 1<<20)
	require.Equal(t, "started serve", lines[len(lines)-1])
}

func TestPlantedLogIsNotWrittenThrough(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.WriteFile(target, []byte("precious"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(f.root, ".process"), 0o700))
	require.NoError(t, os.Symlink(target, f.path(e.Spec.GameID, ".log")))

	_, err := f.driver.Ensure(t.Context(), e.Spec)

	require.Error(t, err)
	kept, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept))
}

func TestLogOfAnEngineWithoutARecordIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := uuid.Must(uuid.NewV7())
	f.write(t, game.String()+".log", "left over")

	_, err := f.driver.Logs(t.Context(), game, 1)

	require.ErrorIs(t, err, driver.ErrNotFound)
}
