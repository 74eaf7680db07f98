package user

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type userRoutes struct{ service *Service }

func newUserRoutes(s *Service) httpx.Table {
	h := userRoutes{s}
	return httpx.User("user",
		httpx.Route{Op: "getAccount", Method: http.MethodGet, Path: "/account", Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "updateAccount", Method: http.MethodPatch, Path: "/account", Handle: httpx.JSON(200, h.update)},
	)
}

type accountView struct {
	UserID            uuid.UUID `json:"user_id"`
	Email             string    `json:"email"`
	UserName          string    `json:"user_name"`
	DisplayName       string    `json:"display_name"`
	PreferredLanguage string    `json:"preferred_language"`
	TimeZone          string    `json:"time_zone"`
	DeclaredCountry   *string   `json:"declared_country"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

func accountOf(a Account) accountView {
	return accountView{UserID: a.ID, Email: a.Email, UserName: a.UserName, DisplayName: a.DisplayName,
		PreferredLanguage: a.PreferredLanguage, TimeZone: a.TimeZone, DeclaredCountry: orNil(a.DeclaredCountry),
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// tagged is the account with its ETag.
func tagged(a Account) httpx.Response[accountView] {
	return httpx.Response[accountView]{Body: accountOf(a), Header: http.Header{"Etag": {a.ETag()}}}
}

func (h userRoutes) get(ctx context.Context, _ struct{}) (httpx.Response[accountView], error) {
	a, err := h.service.Account(ctx, httpx.UserID(ctx))
	if err != nil {
		return httpx.Response[accountView]{}, err
	}
	return tagged(a), nil
}

type patchAccount struct {
	IfMatch           string  `header:"If-Match"`
	DisplayName       *string `json:"display_name"`
	PreferredLanguage *string `json:"preferred_language"`
	TimeZone          *string `json:"time_zone"`
}

func (h userRoutes) update(ctx context.Context, in patchAccount) (httpx.Response[accountView], error) {
	a, err := h.service.UpdateProfile(ctx, httpx.UserID(ctx),
		Patch{DisplayName: in.DisplayName, PreferredLanguage: in.PreferredLanguage, TimeZone: in.TimeZone}, in.IfMatch)
	if err != nil {
		return httpx.Response[accountView]{}, err
	}
	return tagged(a), nil
}
