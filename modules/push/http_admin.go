package push

import (
	"context"
	"net/http"
	"time"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	return httpx.Admin("push",
		httpx.Route{Op: "listPushSubscribers", Method: http.MethodGet, Path: "/push/subscribers", Role: httpx.Viewer, Handle: httpx.JSON(200, h.subscribers)},
	)
}

type subscriberView struct {
	GatewayClientID string    `json:"gateway_client_id"`
	Since           time.Time `json:"since"`
	Cursor          string    `json:"cursor"`
	Buffered        int       `json:"buffered"`
	Delivered       uint64    `json:"delivered"`
	Dropped         uint64    `json:"dropped"`
}

type subscriberList struct {
	Epoch string           `json:"epoch"`
	Items []subscriberView `json:"items"`
}

func (h adminRoutes) subscribers(context.Context, struct{}) (subscriberList, error) {
	out := subscriberList{Epoch: h.service.Epoch(), Items: []subscriberView{}}
	for _, s := range h.service.Subscribers() {
		out.Items = append(out.Items, subscriberView(s))
	}
	return out, nil
}
