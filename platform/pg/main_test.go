package pg_test

import (
	"testing"

	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
