package engineversion

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	const one = "/engine-versions/{version}"
	return httpx.Admin("engineversion",
		httpx.Route{Op: "listEngineVersions", Method: http.MethodGet, Path: "/engine-versions", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "createEngineVersion", Method: http.MethodPost, Path: "/engine-versions", Role: httpx.Operator, Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "getEngineVersion", Method: http.MethodGet, Path: one, Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "patchEngineVersion", Method: http.MethodPatch, Path: one, Role: httpx.Operator, Handle: httpx.JSON(200, h.patch)},
		httpx.Route{Op: "deleteEngineVersion", Method: http.MethodDelete, Path: one, Role: httpx.Operator, Handle: httpx.Empty(204, h.remove)},
		httpx.Route{Op: "deprecateEngineVersion", Method: http.MethodPost, Path: one + "/deprecate", Role: httpx.Operator, Handle: httpx.JSON(200, h.deprecate)},
		httpx.Route{Op: "setDefaultEngineVersion", Method: http.MethodPost, Path: one + "/default", Role: httpx.Operator, Handle: httpx.JSON(200, h.setDefault)},
		httpx.Route{Op: "prefetchEngineVersion", Method: http.MethodPost, Path: one + "/prefetch", Role: httpx.Operator, Handle: httpx.JSON(202, h.prefetch)},
	)
}

type versionView struct {
	Version       string     `json:"version"`
	ImageRef      string     `json:"image_ref"`
	Digest        string     `json:"digest"`
	Status        Status     `json:"status"`
	IsDefault     bool       `json:"is_default"`
	Notes         string     `json:"notes"`
	Prefetch      Prefetch   `json:"prefetch"`
	PrefetchError string     `json:"prefetch_error"`
	PrefetchedAt  *time.Time `json:"prefetched_at"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

func viewOf(v Version) versionView {
	return versionView{
		Version: v.Version, ImageRef: v.ImageRef, Digest: v.Digest, Status: v.Status, IsDefault: v.IsDefault, Notes: v.Notes,
		Prefetch: v.Prefetch, PrefetchError: v.PrefetchError, PrefetchedAt: v.PrefetchedAt, CreatedAt: v.CreatedAt,
		UpdatedAt: v.UpdatedAt,
	}
}

// tagged is the answer with the entry's ETag.
func tagged(v Version, err error) (httpx.Response[versionView], error) {
	return httpx.Response[versionView]{
		Body: viewOf(v), Header: http.Header{"Etag": {`"` + strconv.FormatInt(v.Revision, 10) + `"`}},
	}, err
}

// revisionOf reads an If-Match header; no header is 0. What is not an ETag of
// ours matches nothing.
func revisionOf(match string) int64 {
	if match == "" || match == "*" {
		return 0
	}
	n, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
	if err != nil || n <= 0 {
		return -1
	}
	return n
}

func (h adminRoutes) list(ctx context.Context, _ struct{}) (httpx.List[versionView], error) {
	all, err := h.service.Versions(ctx)
	var out httpx.List[versionView]
	for _, v := range all {
		out.Items = append(out.Items, viewOf(v))
	}
	return out, err
}

type createVersion struct {
	Version  string `json:"version"`
	ImageRef string `json:"image_ref"`
	Notes    string `json:"notes"`
}

func (h adminRoutes) create(ctx context.Context, in createVersion) (httpx.Response[versionView], error) {
	v, created, err := h.service.Register(ctx, NewVersion(in))
	out, err := tagged(v, err)
	if out.Status = http.StatusOK; created {
		out.Status = http.StatusCreated
		out.Header.Set("Location", "/api/v1/admin/engine-versions/"+v.Version)
	}
	return out, err
}

type byVersion struct {
	Version string `path:"version"`
}

func (h adminRoutes) get(ctx context.Context, in byVersion) (httpx.Response[versionView], error) {
	return tagged(h.service.Version(ctx, in.Version))
}

type patchVersion struct {
	byVersion
	IfMatch  string  `header:"If-Match"`
	ImageRef *string `json:"image_ref"`
	Notes    *string `json:"notes"`
	Status   *Status `json:"status"`
}

func (h adminRoutes) patch(ctx context.Context, in patchVersion) (httpx.Response[versionView], error) {
	p := Patch{ImageRef: in.ImageRef, Notes: in.Notes, Status: in.Status, Revision: revisionOf(in.IfMatch)}
	return tagged(h.service.Patch(ctx, in.Version, p))
}

func (h adminRoutes) deprecate(ctx context.Context, in byVersion) (httpx.Response[versionView], error) {
	return tagged(h.service.Deprecate(ctx, in.Version))
}

func (h adminRoutes) setDefault(ctx context.Context, in byVersion) (httpx.Response[versionView], error) {
	return tagged(h.service.SetDefault(ctx, in.Version))
}

func (h adminRoutes) prefetch(ctx context.Context, in byVersion) (httpx.Response[versionView], error) {
	return tagged(h.service.QueuePrefetch(ctx, in.Version))
}

func (h adminRoutes) remove(ctx context.Context, in byVersion) error {
	return h.service.Delete(ctx, in.Version)
}
