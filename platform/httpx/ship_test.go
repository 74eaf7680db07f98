package httpx_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
)

var (
	errBlocked = fault.New(fault.Forbidden, "account_blocked", "the account is blocked")
	errNobody  = fault.New(fault.Unauthenticated, "user_unknown", "there is no such user")
	errWrong   = fault.New(fault.Unauthenticated, "credentials_wrong", "the credentials are wrong")
	errNoShip  = fault.New(fault.NotFound, "ship_unknown", "there is no such ship")
	errBusy    = fault.New(fault.Throttled, "throttled", "too many tries").After(1500 * time.Millisecond)
)

type ship struct {
	Name  string     `json:"name"`
	Mass  int        `json:"mass,omitempty"`
	Kind  string     `json:"kind,omitempty"`
	Owner uuid.UUID  `json:"owner,omitzero"`
	Built *time.Time `json:"built,omitempty"`
	Tags  []string   `json:"tags,omitempty"`
	Crew  *struct {
		Captain string `json:"captain"`
	} `json:"crew,omitempty"`
}

type shipID struct {
	ID uuid.UUID `path:"ship_id"`
}

// Named is embedded, as bodies that several operations share are.
type Named struct {
	Name string `json:"name"`
	Mass int    `json:"mass"`
}

type patchShip struct {
	ID    uuid.UUID `path:"ship_id"`
	Match string    `header:"If-Match"`
	Named
}

type listShips struct {
	httpx.Page
	Status []string   `query:"status"`
	Open   *bool      `query:"open"`
	Since  time.Time  `query:"since"`
	At     netip.Addr `query:"at"`
}

type putOrders struct {
	ID     uuid.UUID       `path:"ship_id"`
	Orders json.RawMessage `body:"raw"`
}

// record makes a handler that remembers its input.
func record[In any](f *fixture) httpx.Handler {
	return httpx.JSON(http.StatusOK, func(ctx context.Context, in In) (map[string]string, error) {
		f.got(ctx, in)
		return map[string]string{"name": "Aurora"}, nil
	})
}

func (f *fixture) tables() []httpx.Table {
	return []httpx.Table{
		httpx.Public("ship", httpx.Route{Op: "publicEcho", Method: "POST", Path: "/echo", Handle: record[ship](f)}),
		httpx.Internal("ship", httpx.Route{Op: "internalPing", Method: "GET", Path: "/ping", Handle: record[struct{}](f)}),
		httpx.User("ship",
			httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: record[struct{}](f)},
			httpx.Route{Op: "listShips", Method: "GET", Path: "/ships", Handle: httpx.JSON(http.StatusOK, f.list)},
			httpx.Route{Op: "createShip", Method: "POST", Path: "/ships", Handle: httpx.JSON(http.StatusCreated, f.create)},
			httpx.Route{Op: "getShip", Method: "GET", Path: "/ships/{ship_id}", Handle: httpx.JSON(http.StatusOK, f.get)},
			httpx.Route{Op: "patchShip", Method: "PATCH", Path: "/ships/{ship_id}", Handle: record[patchShip](f)},
			httpx.Route{Op: "deleteShip", Method: "DELETE", Path: "/ships/{ship_id}", Handle: httpx.Empty(http.StatusNoContent, f.remove)},
			httpx.Route{Op: "putOrders", Method: "PUT", Path: "/ships/{ship_id}/orders", MaxBody: 1 << 20, Timeout: time.Minute, Handle: record[putOrders](f)},
			httpx.Route{Op: "getName", Method: "GET", Path: "/names/{name}", Handle: record[struct {
				Name string `path:"name"`
			}](f)}),
		httpx.Admin("ship",
			httpx.Route{Op: "getMe", Method: "GET", Path: "/me", Role: httpx.Viewer, Handle: record[struct{}](f)},
			httpx.Route{Op: "sinkShip", Method: "POST", Path: "/ships/{ship_id}/sink", Role: httpx.Operator, Handle: httpx.Empty(http.StatusNoContent, f.remove)}),
	}
}

func (f *fixture) list(ctx context.Context, in listShips) (httpx.List[ship], error) {
	f.got(ctx, in)
	return httpx.List[ship]{}, nil
}

func (f *fixture) create(ctx context.Context, in ship) (httpx.Response[ship], error) {
	f.got(ctx, in)
	return httpx.Response[ship]{Body: in, Header: http.Header{"Location": {"/api/v1/user/ships/" + goodID}, "ETag": {`"1"`}}}, nil
}

func (f *fixture) get(ctx context.Context, in shipID) (ship, error) {
	f.got(ctx, in)
	return ship{}, errNoShip
}

// remove fails in the way that the last digit of the id asks for.
func (f *fixture) remove(ctx context.Context, in shipID) error {
	switch id := in.ID.String(); id[len(id)-1] {
	case '0':
		panic("secret state")
	case '1':
		return errors.New("pq: password=hunter2 at 10.0.0.7")
	case '2':
		return context.DeadlineExceeded
	case '3':
		return errBusy
	case '4':
		return fault.New(fault.Unavailable, "database_unavailable", "the database is away").With("host", "10.0.0.7").Because(errors.New("dial"))
	case '5':
		return fault.New(fault.Conflict, "ship_busy", "the ship is busy").With("state", make(chan int))
	case 'a': // audited as it has to be
		httpx.Audited(ctx)
	case 'b': // twice
		httpx.Audited(ctx)
		httpx.Audited(ctx)
	}
	return nil
}
