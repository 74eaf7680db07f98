package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// adminRoutes answers the two routes of the registry and keeps what it was sent.
type adminRoutes struct {
	mu            sync.Mutex
	register, set int // statuses
	sent          []string
}

func (a *adminRoutes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var body any
	_ = json.NewDecoder(r.Body).Decode(&body)
	user, password, _ := r.BasicAuth()
	a.sent = append(a.sent, fmt.Sprintf("%s %s %s:%s %v", r.Method, r.URL.EscapedPath(), user, password, body))
	status := a.register
	if len(a.sent) > 1 {
		status = a.set
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte("\n said the backend \n"))
}

func (a *adminRoutes) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent
}

// registered is a stack whose backend is a. It has nothing else.
func registered(t *testing.T, a *adminRoutes, version string) *stack {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(func() { server.Close(); http.DefaultClient.CloseIdleConnections() })
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	s := &stack{cfg: config{EngineVersion: version, AdminUser: "admin", AdminPassword: "s3cret", Ports: ports{REST: port}}}
	s.engines.image = "galaxy-devstack/engine:" + version
	return s
}

func TestEngineIsRegisteredAndMadeTheDefault(t *testing.T) {
	t.Parallel()
	a := &adminRoutes{register: http.StatusCreated, set: http.StatusOK}
	require.NoError(t, registered(t, a, "0.1.0+local").registerEngine(t.Context()))
	require.Equal(t, []string{
		"POST /api/v1/admin/engine-versions admin:s3cret map[image_ref:galaxy-devstack/engine:0.1.0+local notes:registered by devstack version:0.1.0+local]",
		"POST /api/v1/admin/engine-versions/0.1.0+local/default admin:s3cret <nil>",
	}, a.requests())
}

func TestVersionThatIsThereKeepsWhatOperatorsMadeOfIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusConflict} {
		a := &adminRoutes{register: status}
		require.NoError(t, registered(t, a, "0.1.0").registerEngine(t.Context()))
		require.Len(t, a.requests(), 1, "%d: it is not made the default again", status)
	}
}

func TestRefusedRegistrationIsQuoted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		register, set int
		want          string
	}{
		{http.StatusUnauthorized, 0, "the operator admin has another password by now: give it with -admin-password"},
		{http.StatusUnprocessableEntity, 0, "register engine 0.1.0: 422 said the backend"},
		{http.StatusInternalServerError, 0, "register engine 0.1.0: 500 said the backend"},
		{http.StatusCreated, http.StatusConflict, "make engine 0.1.0 the default: 409 said the backend"},
	} {
		err := registered(t, &adminRoutes{register: c.register, set: c.set}, "0.1.0").registerEngine(t.Context())
		require.EqualError(t, err, c.want)
	}
}

func TestBackendThatIsGoneIsNotRegisteredWith(t *testing.T) {
	t.Parallel()
	s := &stack{cfg: config{EngineVersion: "0.1.0", Ports: ports{REST: 1}}}
	require.Error(t, s.registerEngine(t.Context()))
}
