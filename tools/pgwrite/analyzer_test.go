package pgwrite_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"galaxy/backend/tools/pgwrite"
)

func TestWritesOutsideATransactionAreRefused(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), pgwrite.Analyzer, "galaxy/backend/modules/lobby")
}

func TestDriversAreRefusedOutsidePlatform(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), pgwrite.Analyzer, "galaxy/backend/modules/drivers", "galaxy/backend/platform/testkit")
}

func TestComposersMayBuildStatementsButNotWriteAlone(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), pgwrite.Analyzer, "galaxy/backend/platform/outbox")
}

func TestSafeToRetryIsRefusedEvenInPlatform(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), pgwrite.Analyzer, "galaxy/backend/platform/retry")
}
