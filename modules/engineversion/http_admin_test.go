package engineversion

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const versions = "/api/v1/admin/engine-versions"

// serve runs the module behind the real server.
func serve(t *testing.T) (*testkit.API, *admintest.Auditor) {
	t.Helper()
	auditor := &admintest.Auditor{}
	return testkit.Surface(t, Module, testkit.StandIn[admin.Auditor](auditor),
		fx.Provide(func() httpx.AdminGate { return testkit.OpenGate{} }, func() httpx.Auditor { return auditor })), auditor
}

func TestOperatorsKeepTheRegistry(t *testing.T) {
	t.Parallel()
	api, auditor := serve(t)
	op := api.Admin("operator", "secret")
	body := map[string]any{"version": "1.2.3", "image_ref": "galaxy/engine:1.2.3"}
	op.Post(versions, body).Want(http.StatusCreated)
	body = map[string]any{"version": "1.3.0", "image_ref": "galaxy/engine:1.3.0", "notes": "first"}
	made := op.Post(versions, body).Want(http.StatusCreated)
	require.Equal(t, versions+"/1.3.0", made.Header.Get("Location"))
	op.Post(versions, body).Want(http.StatusOK)
	body["notes"] = "second"
	op.Post(versions, body).Refused(http.StatusConflict, "engine_version_exists")

	op.Post(versions+"/1.3.0/default", nil).Want(http.StatusOK)
	queued := testkit.Into[versionView](op.Post(versions+"/1.3.0/prefetch", nil).Want(http.StatusAccepted))
	require.Equal(t, PrefetchQueued, queued.Prefetch)
	deprecated := testkit.Into[versionView](op.Post(versions+"/1.2.3/deprecate", nil).Want(http.StatusOK))
	require.Equal(t, Deprecated, deprecated.Status)
	op.Post(versions+"/1.3.0/deprecate", nil).Refused(http.StatusConflict, "engine_version_is_default")
	op.Post(versions+"/1.2.3/default", nil).Refused(http.StatusConflict, "engine_version_not_active")
	op.Delete(versions+"/1.3.0").Refused(http.StatusConflict, "engine_version_is_default")
	op.Delete(versions + "/1.2.3").Want(http.StatusNoContent)
	op.Delete(versions+"/1.2.3").Refused(http.StatusNotFound, "engine_version_not_found")
	list := testkit.Into[httpx.List[versionView]](op.Get(versions).Want(http.StatusOK))
	require.Len(t, list.Items, 1)
	require.True(t, list.Items[0].IsDefault)
	require.Equal(t, []string{
		"engine_version.create", "engine_version.create", "engine_version.create",
		"engine_version.default", "engine_version.prefetch", "engine_version.deprecate", "engine_version.delete",
	}, auditor.Actions())
}

func TestAPatchForAnotherETagIsRefused(t *testing.T) {
	t.Parallel()
	api, auditor := serve(t)
	op := api.Admin("operator", "secret")
	op.Post(versions, map[string]any{"version": "1.2.3", "image_ref": "galaxy/engine:1.2.3"}).Want(http.StatusCreated)
	one := versions + "/1.2.3"
	require.Equal(t, `"1"`, op.Get(one).Want(http.StatusOK).Header.Get("ETag"))
	for _, row := range []struct{ match, notes, tag string }{
		{`"1"`, "second", `"2"`}, {"", "third", `"3"`}, {"*", "fourth", `"4"`}, {`"4"`, "fourth", `"4"`},
	} {
		to := op
		if row.match != "" {
			to = op.With("If-Match", row.match)
		}
		reply := to.Patch(one, map[string]any{"notes": row.notes}).Want(http.StatusOK)
		require.Equal(t, row.tag, reply.Header.Get("ETag"), row.match)
		require.Equal(t, row.notes, testkit.Into[versionView](reply).Notes)
	}
	audited := len(auditor.Actions())
	for _, match := range []string{`"1"`, `"5"`, `"0"`, `"-1"`, "nonsense", `W/"4"`} {
		op.With("If-Match", match).Patch(one, map[string]any{"notes": "lost"}).Refused(http.StatusPreconditionFailed,
			"version_mismatch")
	}
	require.Len(t, auditor.Actions(), audited)
}

func TestWhatIsNoVersionIsRefused(t *testing.T) {
	t.Parallel()
	api, _ := serve(t)
	op := api.Admin("operator", "secret")
	op.Post(versions, map[string]any{"version": "v1", "image_ref": "a:1"}).Refused(http.StatusBadRequest,
		"invalid_engine_version")
	op.Post(versions, map[string]any{"version": "1.4.0", "image_ref": "--privileged"}).Refused(http.StatusBadRequest,
		"invalid_image_ref")
	op.Post(versions, map[string]any{"version": "1.4.0", "image_ref": "galaxy/engine:1.4.0"}).Want(http.StatusCreated)
	one := versions + "/1.4.0"
	op.Patch(one, map[string]any{"image_ref": "galaxy/engine"}).Refused(http.StatusBadRequest, "invalid_image_ref")
	op.Lenient().Patch(one, map[string]any{"status": "retired"}).Refused(http.StatusUnprocessableEntity,
		"validation_failed")
	patched := testkit.Into[versionView](op.Patch(one,
		map[string]any{"image_ref": "galaxy/engine:1.4.0-fix"}).Want(http.StatusOK))
	require.Equal(t, "galaxy/engine:1.4.0-fix", patched.ImageRef)
}

func TestAVersionThatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	api, auditor := serve(t)
	op := api.Admin("operator", "secret")
	missing := versions + "/9.9.9"
	op.Get(missing).Refused(http.StatusNotFound, "engine_version_not_found")
	op.Patch(missing, map[string]any{"notes": ""}).Refused(http.StatusNotFound, "engine_version_not_found")
	for _, verb := range []string{"/deprecate", "/default", "/prefetch"} {
		op.Post(missing+verb, nil).Refused(http.StatusNotFound, "engine_version_not_found")
	}
	require.Empty(t, auditor.Actions())
}

func TestAViewerReadsAndChangesNothing(t *testing.T) {
	t.Parallel()
	api, auditor := serve(t)
	viewer := api.Admin("viewer", "secret")
	viewer.Post(versions, map[string]any{"version": "1.3.0", "image_ref": "a/b:1"}).Refused(http.StatusForbidden,
		"forbidden")
	viewer.Patch(versions+"/1.3.0", map[string]any{"notes": ""}).Refused(http.StatusForbidden, "forbidden")
	viewer.Delete(versions+"/1.3.0").Refused(http.StatusForbidden, "forbidden")
	for _, verb := range []string{"/deprecate", "/default", "/prefetch"} {
		viewer.Post(versions+"/1.3.0"+verb, nil).Refused(http.StatusForbidden, "forbidden")
	}
	require.Empty(t, auditor.Actions())
	require.Empty(t, testkit.Into[httpx.List[versionView]](viewer.Get(versions).Want(http.StatusOK)).Items)
	viewer.Get(versions+"/1.3.0").Refused(http.StatusNotFound, "engine_version_not_found")
}
