package engineversiontest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/engineversion/engineversiontest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func reason(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

// The stand-in is held against the registry that it stands for.
func TestVersionsAnswersAsTheRegistryDoes(t *testing.T) {
	t.Parallel()
	db, deprecated := testkit.DB(t), engineversion.Deprecated
	service := engineversion.NewService(db, clock.System{}, &admintest.Auditor{}, engineversion.NewPrefetchSignal())
	fake := engineversiontest.New()
	compare := func() {
		t.Helper()
		for _, version := range []string{"1.2.3", "1.3.0", "9.9.9"} {
			want := reason(service.StartableVersion(t.Context(), version))
			require.Equal(t, want, reason(fake.StartableVersion(t.Context(), version)), version)
		}
		want, wantErr := service.DefaultVersion(t.Context())
		got, err := fake.DefaultVersion(t.Context())
		require.Equal(t, reason(wantErr), reason(err))
		require.Equal(t, want, got)
	}
	compare()

	for _, version := range []string{"1.2.3", "1.3.0"} {
		_, _, err := service.Register(t.Context(), engineversion.NewVersion{Version: version, ImageRef: "galaxy/engine:" + version})
		require.NoError(t, err)
	}
	fake = engineversiontest.New("1.2.3", "1.3.0")
	compare()

	_, err := service.Patch(t.Context(), "1.3.0", engineversion.Patch{Status: &deprecated})
	require.NoError(t, err)
	fake.SetStatus("1.3.0", engineversion.Deprecated)
	compare()
}
