package pg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
)

func TestATimeIsAsTheDatabaseGivesItBack(t *testing.T) {
	t.Parallel()
	require.Nil(t, pg.Microseconds(nil))
	given := time.Date(2026, 3, 1, 12, 0, 0, 1_999, time.FixedZone("east", 3600))
	require.Equal(t, time.Date(2026, 3, 1, 11, 0, 0, 1_000, time.UTC), *pg.Microseconds(&given))
}
