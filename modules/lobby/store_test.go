package lobby

import (
	"testing"

	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestMigrates(t *testing.T) { testkit.DB(t) }
