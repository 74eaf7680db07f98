package driver_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestRefusalNamesWhatIsInTheWayAndBothInstances(t *testing.T) {
	t.Parallel()
	own := uuid.MustParse("019aa000-0000-7000-8000-00000000000b")

	err := driver.OtherInstance("the container galaxy-game-1", "019aa000-0000-7000-8000-00000000000a", own)

	require.ErrorIs(t, err, driver.ErrForeign)
	require.EqualError(t, err, "the game's name is held by something foreign: the container galaxy-game-1 belongs to the backend instance "+
		"019aa000-0000-7000-8000-00000000000a, this one is 019aa000-0000-7000-8000-00000000000b: an operator has to remove it")
}
