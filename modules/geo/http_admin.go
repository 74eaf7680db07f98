package geo

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct {
	service *Service
	users   Users
}

func newAdminRoutes(s *Service, users Users) httpx.Table {
	h := adminRoutes{s, users}
	return httpx.Admin("geo",
		httpx.Route{Op: "lookUpAddress", Method: http.MethodGet, Path: "/geo/lookup", Role: httpx.Viewer, Handle: httpx.JSON(200, h.lookup)},
		httpx.Route{Op: "getGeoDatabase", Method: http.MethodGet, Path: "/geo/database", Role: httpx.Viewer, Handle: httpx.JSON(200, h.database)},
		httpx.Route{Op: "listCountryCounters", Method: http.MethodGet, Path: "/users/{user_id}/country-counters", Role: httpx.Viewer, Handle: httpx.JSON(200, h.counters)},
	)
}

type lookupQuery struct {
	IP string `query:"ip"`
}

type lookupView struct {
	IP      string  `json:"ip"`
	Country *string `json:"country"`
}

func (h adminRoutes) lookup(_ context.Context, in lookupQuery) (lookupView, error) {
	ip, err := netip.ParseAddr(in.IP)
	if err != nil || ip.Zone() != "" {
		return lookupView{}, errAddress
	}
	out := lookupView{IP: ip.String()}
	if country := h.service.Country(ip); country != "" {
		out.Country = &country
	}
	return out, nil
}

type databaseView struct {
	Type     string    `json:"type"`
	BuiltAt  time.Time `json:"built_at"`
	LoadedAt time.Time `json:"loaded_at"`
	Nodes    uint      `json:"nodes"`
}

func (h adminRoutes) database(context.Context, struct{}) (databaseView, error) {
	info, ok := h.service.Database()
	if !ok {
		return databaseView{}, errNoDatabase
	}
	return databaseView(info), nil
}

type userParam struct {
	UserID uuid.UUID `path:"user_id"`
}

func (h adminRoutes) counters(ctx context.Context, in userParam) (httpx.List[Counter], error) {
	if err := h.users.Exists(ctx, in.UserID); err != nil {
		return httpx.List[Counter]{}, err
	}
	counters, err := h.service.Counters(ctx, in.UserID)
	return httpx.List[Counter]{Items: counters}, err
}
