package user

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	return httpx.Admin("user",
		httpx.Route{Op: "listUsers", Method: http.MethodGet, Path: "/users", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "getUser", Method: http.MethodGet, Path: "/users/{user_id}", Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "softDeleteUser", Method: http.MethodPost, Path: "/users/{user_id}/soft-delete", Role: httpx.Operator, Handle: httpx.JSON(200, h.softDelete)},
		httpx.Route{Op: "restoreUser", Method: http.MethodPost, Path: "/users/{user_id}/restore", Role: httpx.Operator, Handle: httpx.JSON(200, h.restore)},
		httpx.Route{Op: "exportUser", Method: http.MethodGet, Path: "/users/{user_id}/export", Role: httpx.Operator, Handle: httpx.JSON(200, h.export)},
		httpx.Route{Op: "listUserNotes", Method: http.MethodGet, Path: "/users/{user_id}/notes", Role: httpx.Viewer, Handle: httpx.JSON(200, h.notes)},
		httpx.Route{Op: "addUserNote", Method: http.MethodPost, Path: "/users/{user_id}/notes", Role: httpx.Operator, Handle: httpx.JSON(201, h.note)},
		httpx.Route{Op: "listUserEntitlements", Method: http.MethodGet, Path: "/users/{user_id}/entitlements", Role: httpx.Viewer, Handle: httpx.JSON(200, h.records)},
		httpx.Route{Op: "grantUserEntitlement", Method: http.MethodPost, Path: "/users/{user_id}/entitlements", Role: httpx.Operator, Handle: httpx.JSON(201, h.grant)},
		httpx.Route{Op: "listUserSanctions", Method: http.MethodGet, Path: "/users/{user_id}/sanctions", Role: httpx.Viewer, Handle: httpx.JSON(200, h.sanctions)},
		httpx.Route{Op: "applyUserSanction", Method: http.MethodPost, Path: "/users/{user_id}/sanctions", Role: httpx.Operator, Handle: httpx.JSON(201, h.sanction)},
		httpx.Route{Op: "liftUserSanction", Method: http.MethodDelete, Path: "/users/{user_id}/sanctions/{sanction_id}", Role: httpx.Operator, Handle: httpx.Empty(204, h.lift)},
		httpx.Route{Op: "getUserLimits", Method: http.MethodGet, Path: "/users/{user_id}/limits", Role: httpx.Viewer, Handle: httpx.JSON(200, h.limits)},
		httpx.Route{Op: "setUserLimit", Method: http.MethodPut, Path: "/users/{user_id}/limits/{name}", Role: httpx.Operator, Handle: httpx.JSON(200, h.setLimit)},
		httpx.Route{Op: "clearUserLimit", Method: http.MethodDelete, Path: "/users/{user_id}/limits/{name}", Role: httpx.Operator, Handle: httpx.Empty(204, h.clearLimit)},
	)
}

type byUser struct {
	UserID uuid.UUID `path:"user_id"`
}

type userQuery struct {
	httpx.Page
	Text     string `query:"q"`
	Email    string `query:"email"`
	UserName string `query:"user_name"`
	Plan     string `query:"plan"`
	Sanction string `query:"sanction"`
	Deleted  *bool  `query:"deleted"`
}

func (h adminRoutes) list(ctx context.Context, in userQuery) (httpx.List[listedView], error) {
	f := Filter{Text: in.Text, Email: in.Email, UserName: in.UserName, Plan: Plan(in.Plan), Sanction: SanctionKind(in.Sanction),
		Deleted: in.Deleted, Limit: in.Limit + 1}
	var err error
	if f.Before, err = httpx.IDCursor("users", in.Cursor); err != nil {
		return httpx.List[listedView]{}, err
	}
	rows, err := h.service.List(ctx, f)
	if err != nil {
		return httpx.List[listedView]{}, err
	}
	return httpx.PageOf(rows, in.Limit, listedOf, func(l Listed) string { return httpx.EncodeCursor("users", l.ID.String()) }), nil
}

func (h adminRoutes) get(ctx context.Context, in byUser) (detailView, error) {
	d, err := h.service.Detail(ctx, in.UserID)
	return detailOf(d), err
}

// after answers a mutation with the user as he is now.
func (h adminRoutes) after(ctx context.Context, id uuid.UUID, err error) (detailView, error) {
	if err != nil {
		return detailView{}, err
	}
	return h.get(ctx, byUser{id})
}

func (h adminRoutes) softDelete(ctx context.Context, in byUser) (detailView, error) {
	return h.after(ctx, in.UserID, h.service.Delete(ctx, in.UserID))
}

func (h adminRoutes) restore(ctx context.Context, in byUser) (detailView, error) {
	return h.after(ctx, in.UserID, h.service.Restore(ctx, in.UserID))
}

func (h adminRoutes) export(ctx context.Context, in byUser) (exportView, error) {
	e, err := h.service.Export(ctx, in.UserID)
	return exportOf(e), err
}
