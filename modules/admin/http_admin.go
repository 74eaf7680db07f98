package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	return httpx.Admin("admin",
		httpx.Route{Op: "getAdminMe", Method: http.MethodGet, Path: "/me", Role: httpx.Viewer, Handle: httpx.JSON(200, h.me)},
		httpx.Route{Op: "listAdminAccounts", Method: http.MethodGet, Path: "/admin-accounts", Role: httpx.Administrator, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "createAdminAccount", Method: http.MethodPost, Path: "/admin-accounts", Role: httpx.Administrator, Handle: httpx.JSON(201, h.create)},
		httpx.Route{Op: "getAdminAccount", Method: http.MethodGet, Path: "/admin-accounts/{username}", Role: httpx.Administrator, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "disableAdminAccount", Method: http.MethodPost, Path: "/admin-accounts/{username}/disable", Role: httpx.Administrator, Handle: httpx.JSON(200, h.disable)},
		httpx.Route{Op: "enableAdminAccount", Method: http.MethodPost, Path: "/admin-accounts/{username}/enable", Role: httpx.Administrator, Handle: httpx.JSON(200, h.enable)},
		httpx.Route{Op: "resetAdminPassword", Method: http.MethodPost, Path: "/admin-accounts/{username}/reset-password", Role: httpx.Administrator, Handle: httpx.JSON(200, h.resetPassword)},
		httpx.Route{Op: "setAdminRole", Method: http.MethodPost, Path: "/admin-accounts/{username}/role", Role: httpx.Administrator, Handle: httpx.JSON(200, h.setRole)},
		httpx.Route{Op: "listAudit", Method: http.MethodGet, Path: "/audit", Role: httpx.Viewer, Handle: httpx.JSON(200, h.audit)},
	)
}

type accountView struct {
	Username   string     `json:"username"`
	Role       httpx.Role `json:"role"`
	Enabled    bool       `json:"enabled"`
	Bootstrap  bool       `json:"bootstrap_password"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	DisabledAt *time.Time `json:"disabled_at"`
}

func viewOf(a Account) accountView {
	return accountView{Username: a.Username, Role: a.Role, Enabled: a.Enabled(), Bootstrap: a.Bootstrap,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, DisabledAt: a.DisabledAt}
}

func (h adminRoutes) me(ctx context.Context, _ struct{}) (accountView, error) {
	a, err := h.service.Account(ctx, httpx.PrincipalOf(ctx).Username)
	return viewOf(a), err
}

func (h adminRoutes) list(ctx context.Context, _ struct{}) (httpx.List[accountView], error) {
	accounts, err := h.service.Accounts(ctx)
	var out httpx.List[accountView]
	for _, a := range accounts {
		out.Items = append(out.Items, viewOf(a))
	}
	return out, err
}

type createAccount struct {
	Username string     `json:"username"`
	Password string     `json:"password"`
	Role     httpx.Role `json:"role"`
}

func (h adminRoutes) create(ctx context.Context, in createAccount) (httpx.Response[accountView], error) {
	a, created, err := h.service.Create(ctx, in.Username, in.Password, in.Role)
	out := httpx.Response[accountView]{Body: viewOf(a), Status: http.StatusOK}
	if created {
		out.Status = http.StatusCreated
		out.Header = http.Header{"Location": {"/api/v1/admin/admin-accounts/" + a.Username}}
	}
	return out, err
}

type byUsername struct {
	Username string `path:"username"`
}

func (h adminRoutes) get(ctx context.Context, in byUsername) (accountView, error) {
	a, err := h.service.Account(ctx, in.Username)
	return viewOf(a), err
}

func (h adminRoutes) disable(ctx context.Context, in byUsername) (accountView, error) {
	a, err := h.service.Disable(ctx, in.Username)
	return viewOf(a), err
}

func (h adminRoutes) enable(ctx context.Context, in byUsername) (accountView, error) {
	a, err := h.service.Enable(ctx, in.Username)
	return viewOf(a), err
}

type newPassword struct {
	Username string `path:"username"`
	Password string `json:"password"`
}

func (h adminRoutes) resetPassword(ctx context.Context, in newPassword) (accountView, error) {
	a, err := h.service.ResetPassword(ctx, in.Username, in.Password)
	return viewOf(a), err
}

type newRole struct {
	Username string     `path:"username"`
	Role     httpx.Role `json:"role"`
}

func (h adminRoutes) setRole(ctx context.Context, in newRole) (accountView, error) {
	a, err := h.service.SetRole(ctx, in.Username, in.Role)
	return viewOf(a), err
}

type auditQuery struct {
	httpx.Page
	Actor  string    `query:"actor"`
	Target string    `query:"target"`
	Action string    `query:"action"`
	Since  time.Time `query:"since"`
}

type auditRowView struct {
	ID        uuid.UUID       `json:"audit_id"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	Role      string          `json:"role"`
	Action    string          `json:"action"`
	Target    string          `json:"target"`
	Outcome   Outcome         `json:"outcome"`
	Reason    *string         `json:"reason"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
	RequestID string          `json:"request_id"`
	Source    string          `json:"source"`
}

func auditViewOf(r AuditRow) auditRowView {
	return auditRowView(r)
}

func (h adminRoutes) audit(ctx context.Context, in auditQuery) (httpx.List[auditRowView], error) {
	return httpx.PageByID("audit", in.Page, func(before uuid.UUID, n int) ([]AuditRow, error) {
		return h.service.Audit(ctx, AuditFilter{Actor: in.Actor, Target: in.Target, Action: in.Action, Since: in.Since,
			Before: before, Limit: n})
	}, auditViewOf, func(r AuditRow) uuid.UUID { return r.ID })
}
