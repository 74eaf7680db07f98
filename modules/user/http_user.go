package user

import (
	"context"
	"net/http"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("user",
		httpx.Route{Op: "getAccount", Method: http.MethodGet, Path: "/account", Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "updateAccount", Method: http.MethodPatch, Path: "/account", Handle: httpx.JSON(200, h.update)},
		httpx.Route{Op: "deleteAccount", Method: http.MethodDelete, Path: "/account", Handle: httpx.Empty(204, h.delete)},
		httpx.Route{Op: "getEntitlements", Method: http.MethodGet, Path: "/account/entitlements", Handle: httpx.JSON(200, h.entitlements)},
		httpx.Route{Op: "exportAccount", Method: http.MethodGet, Path: "/account/export", Handle: httpx.JSON(200, h.export)},
	)
}

// withETag is the account with its ETag.
func withETag(a Account) httpx.Response[Account] {
	return httpx.Response[Account]{Body: a, Header: http.Header{"Etag": {a.ETag()}}}
}

func (h userRoutes) get(ctx context.Context, _ struct{}) (httpx.Response[Account], error) {
	a, err := h.service.Account(ctx, httpx.UserID(ctx))
	return withETag(a), err
}

type patchAccount struct {
	IfMatch           string  `header:"If-Match"`
	DisplayName       *string `json:"display_name"`
	PreferredLanguage *string `json:"preferred_language"`
	TimeZone          *string `json:"time_zone"`
}

func (h userRoutes) update(ctx context.Context, in patchAccount) (httpx.Response[Account], error) {
	a, err := h.service.UpdateProfile(ctx, httpx.UserID(ctx),
		Patch{DisplayName: in.DisplayName, PreferredLanguage: in.PreferredLanguage, TimeZone: in.TimeZone}, in.IfMatch)
	return withETag(a), err
}

func (h userRoutes) delete(ctx context.Context, _ struct{}) error {
	return h.service.Delete(ctx, httpx.UserID(ctx))
}

func (h userRoutes) entitlements(ctx context.Context, _ struct{}) (Entitlement, error) {
	return h.service.Entitlement(ctx, httpx.UserID(ctx))
}

func (h userRoutes) export(ctx context.Context, _ struct{}) (exportView, error) {
	e, err := h.service.Export(ctx, httpx.UserID(ctx))
	return newExportView(e), err
}
