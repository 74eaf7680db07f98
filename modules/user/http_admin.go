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
		httpx.Route{Op: "addUserNote", Method: http.MethodPost, Path: "/users/{user_id}/notes", Role: httpx.Operator, Handle: httpx.JSON(201, h.addNote)},
		httpx.Route{Op: "listUserEntitlements", Method: http.MethodGet, Path: "/users/{user_id}/entitlements", Role: httpx.Viewer, Handle: httpx.JSON(200, h.entitlements)},
		httpx.Route{Op: "grantUserEntitlement", Method: http.MethodPost, Path: "/users/{user_id}/entitlements", Role: httpx.Operator, Handle: httpx.JSON(201, h.grantPlan)},
		httpx.Route{Op: "listUserSanctions", Method: http.MethodGet, Path: "/users/{user_id}/sanctions", Role: httpx.Viewer, Handle: httpx.JSON(200, h.sanctions)},
		httpx.Route{Op: "applyUserSanction", Method: http.MethodPost, Path: "/users/{user_id}/sanctions", Role: httpx.Operator, Handle: httpx.JSON(201, h.applySanction)},
		httpx.Route{Op: "liftUserSanction", Method: http.MethodDelete, Path: "/users/{user_id}/sanctions/{sanction_id}", Role: httpx.Operator, Handle: httpx.Empty(204, h.liftSanction)},
		httpx.Route{Op: "getUserLimits", Method: http.MethodGet, Path: "/users/{user_id}/limits", Role: httpx.Viewer, Handle: httpx.JSON(200, h.limits)},
		httpx.Route{Op: "setUserLimit", Method: http.MethodPut, Path: "/users/{user_id}/limits/{name}", Role: httpx.Operator, Handle: httpx.JSON(200, h.setLimit)},
		httpx.Route{Op: "clearUserLimit", Method: http.MethodDelete, Path: "/users/{user_id}/limits/{name}", Role: httpx.Operator, Handle: httpx.Empty(204, h.clearLimit)},
	)
}

type userParam struct {
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

func (h adminRoutes) list(ctx context.Context, in userQuery) (httpx.List[summaryView], error) {
	f := Filter{Text: in.Text, Email: in.Email, UserName: in.UserName, Plan: Plan(in.Plan),
		Sanction: SanctionKind(in.Sanction), Deleted: in.Deleted}
	list := func(before uuid.UUID, n int) ([]Summary, error) {
		f.Before, f.Limit = before, n
		return h.service.List(ctx, f)
	}
	return httpx.PageByID("users", in.Page, list, newSummaryView, func(s Summary) uuid.UUID { return s.ID })
}

func (h adminRoutes) get(ctx context.Context, in userParam) (detailView, error) {
	d, err := h.service.Detail(ctx, in.UserID)
	return newDetailView(d), err
}

// getAfter answers a mutation with the user as they are now.
func (h adminRoutes) getAfter(ctx context.Context, id uuid.UUID, err error) (detailView, error) {
	if err != nil {
		return detailView{}, err
	}
	return h.get(ctx, userParam{id})
}

func (h adminRoutes) softDelete(ctx context.Context, in userParam) (detailView, error) {
	return h.getAfter(ctx, in.UserID, h.service.Delete(ctx, in.UserID))
}

func (h adminRoutes) restore(ctx context.Context, in userParam) (detailView, error) {
	return h.getAfter(ctx, in.UserID, h.service.Restore(ctx, in.UserID))
}

func (h adminRoutes) export(ctx context.Context, in userParam) (exportView, error) {
	e, err := h.service.Export(ctx, in.UserID)
	return newExportView(e), err
}

// historyQuery asks for a page of what belongs to one user.
type historyQuery struct {
	httpx.Page
	UserID uuid.UUID `path:"user_id"`
}

// historyPage is a page of what belongs to a user who exists.
func historyPage[R, V any](ctx context.Context, h adminRoutes, in historyQuery, kind string,
	list func(before uuid.UUID, n int) ([]R, error), view func(R) V, id func(R) uuid.UUID) (httpx.List[V], error) {
	listExisting := func(before uuid.UUID, n int) ([]R, error) {
		if err := h.service.Exists(ctx, in.UserID); err != nil {
			return nil, err
		}
		return list(before, n)
	}
	return httpx.PageByID(kind, in.Page, listExisting, view, id)
}

// created answers 201 for what the call inserted and 200 for what an earlier one
// did.
func created[V any](body V, inserted bool, user uuid.UUID, list string) httpx.Response[V] {
	out := httpx.Response[V]{Body: body, Header: http.Header{"Location": {"/api/v1/admin/users/" + user.String() + list}}}
	if !inserted {
		out.Status = http.StatusOK
	}
	return out
}
