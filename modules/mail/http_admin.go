package mail

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/httpx"
)

type adminRoutes struct{ service *Service }

func newAdminRoutes(s *Service) httpx.Table {
	h := adminRoutes{s}
	return httpx.Admin("mail",
		httpx.Route{Op: "listMailDeliveries", Method: http.MethodGet, Path: "/mail/deliveries", Role: httpx.Viewer, Handle: httpx.JSON(200, h.list)},
		httpx.Route{Op: "getMailDelivery", Method: http.MethodGet, Path: "/mail/deliveries/{delivery_id}", Role: httpx.Viewer, Handle: httpx.JSON(200, h.get)},
		httpx.Route{Op: "listMailAttempts", Method: http.MethodGet, Path: "/mail/deliveries/{delivery_id}/attempts", Role: httpx.Viewer, Handle: httpx.JSON(200, h.attempts)},
		httpx.Route{Op: "listMailDeadLetters", Method: http.MethodGet, Path: "/mail/dead-letters", Role: httpx.Viewer, Handle: httpx.JSON(200, h.deadLetters)},
		httpx.Route{Op: "resendMail", Method: http.MethodPost, Path: "/mail/{delivery_id}/resend", Role: httpx.Operator, Handle: httpx.JSON(200, h.resend)},
	)
}

type deliveryView struct {
	ID            uuid.UUID  `json:"delivery_id"`
	Template      string     `json:"template"`
	Recipient     string     `json:"recipient"`
	UserID        *uuid.UUID `json:"user_id"`
	Status        Status     `json:"status"`
	Subject       string     `json:"subject"`
	Attempts      int        `json:"attempts"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	LastOutcome   *string    `json:"last_outcome"`
	Redacted      bool       `json:"redacted"`
	Scrubbed      bool       `json:"scrubbed"`
	CreatedAt     time.Time  `json:"created_at"`
	SettledAt     *time.Time `json:"settled_at"`
}

// viewOf shows no body: the content is for the recipient alone, and some mails
// carry a sign-in code.
func viewOf(d Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, Template: d.Template, Recipient: d.Recipient, UserID: d.UserID, Status: d.Status, Subject: d.Subject,
		Attempts: d.Attempts, LastOutcome: d.LastOutcome, Redacted: d.Secret, Scrubbed: d.Scrubbed,
		CreatedAt: d.CreatedAt, SettledAt: d.SettledAt,
	}
	if d.Status == Pending || d.Status == Retrying {
		v.NextAttemptAt = &d.NextAttemptAt
	}
	return v
}

type listQuery struct {
	httpx.Page
	Status    Status `query:"status"`
	Template  string `query:"template"`
	Recipient string `query:"recipient"`
}

type deliveryList struct {
	Items      []deliveryView `json:"items"`
	NextCursor *string        `json:"next_cursor"`
	Counts     map[Status]int `json:"counts"`
}

func (h adminRoutes) list(ctx context.Context, in listQuery) (deliveryList, error) {
	var counts map[Status]int
	read := func(before uuid.UUID, n int) (rows []Delivery, err error) {
		rows, counts, err = h.service.Deliveries(ctx, Filter{
			Status: in.Status, Template: in.Template, Recipient: in.Recipient, Before: before, Limit: n,
		})
		return rows, err
	}
	page, err := httpx.PageByID("mail", in.Page, read, viewOf, func(d Delivery) uuid.UUID { return d.ID })
	return deliveryList{Items: page.Items, NextCursor: page.NextCursor, Counts: counts}, err
}

func (h adminRoutes) deadLetters(ctx context.Context, in httpx.Page) (deliveryList, error) {
	return h.list(ctx, listQuery{Page: in, Status: DeadLettered})
}

type byID struct {
	ID uuid.UUID `path:"delivery_id"`
}

func (h adminRoutes) get(ctx context.Context, in byID) (deliveryView, error) {
	d, err := h.service.Delivery(ctx, in.ID)
	return viewOf(d), err
}

func (h adminRoutes) resend(ctx context.Context, in byID) (deliveryView, error) {
	d, err := h.service.Resend(ctx, in.ID)
	return viewOf(d), err
}

type attemptView struct {
	No         int        `json:"attempt_no"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Outcome    *Outcome   `json:"outcome"`
	Detail     *string    `json:"detail"`
}

func (h adminRoutes) attempts(ctx context.Context, in byID) (httpx.List[attemptView], error) {
	rows, err := h.service.Attempts(ctx, in.ID)
	return httpx.PageOf(rows, len(rows), func(a Attempt) attemptView { return attemptView(a) }, nil), err
}
