package dockerdriver

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

// fakeDaemon keeps containers in memory and answers as far as the driver asks.
type fakeDaemon struct {
	mu         sync.Mutex
	containers map[string]*fakeContainer // by name
	requests   []string
	created    []createRequest
	events     []string
	// answers is asked before a request is served; a status other than 0 is the
	// answer to it.
	answers func(request string) int
}

type fakeContainer struct {
	ID, Name string
	Labels   map[string]string
	State    map[string]any
}

type createRequest struct {
	Labels     map[string]string
	Env        []string
	Image      string
	User       string
	HostConfig struct {
		NetworkMode string
		Memory      int64
		PidsLimit   int64
		Mounts      []struct{ Source, Target string }
	}
}

// fakeFixture is a driver of a daemon that no container runs on.
type fakeFixture struct {
	*fakeDaemon
	driver   *Driver
	instance uuid.UUID
	spec     driver.Spec
}

func newFakeFixture(t *testing.T) *fakeFixture {
	t.Helper()
	id, game := uuid.New(), uuid.Must(uuid.NewV7())
	d := &fakeDaemon{containers: map[string]*fakeContainer{}, answers: func(string) int { return 0 }}
	f := &fakeFixture{fakeDaemon: d, instance: id, spec: driver.Spec{
		GameID: game, Version: "0.1.0", Image: "galaxy-game:0.1.0", Generation: 3, StateDir: "/srv/" + game.String(),
		StateMount: "/state", User: "65532:65532", CPU: 1, Memory: 64 << 20, Pids: 64, LogDriver: "json-file",
	}}
	f.driver = New(d.client(t), "galaxy", drivertest.Instance(id))
	return f
}

func (d *fakeDaemon) client(t *testing.T) *docker.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	server := &http.Server{Handler: d}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	c, err := docker.New(docker.Config{Host: "unix://" + socket, Network: "galaxy"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(t.Context())) })
	return c
}

// add puts a container on the daemon as the driver would have made it.
func (f *fakeFixture) add(status string, change func(docker.Spec)) *fakeContainer {
	s := f.driver.container(f.spec, f.instance)
	if change != nil {
		change(s)
	}
	return f.put(s.Name, s.Labels, status)
}

func (d *fakeDaemon) put(name string, labels map[string]string, status string) *fakeContainer {
	c := &fakeContainer{ID: "id-of-" + name, Name: name, Labels: labels, State: map[string]any{"Status": status}}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers[name] = c
	return c
}

// set changes what the daemon says of a container's state.
func (d *fakeDaemon) set(c *fakeContainer, state map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.State = state
}

// creations are the containers that were asked for.
func (d *fakeDaemon) creations() []createRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.created)
}

// asked lists the requests of a method, but for those that every client sends.
func (d *fakeDaemon) asked(method string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, r := range d.requests {
		if strings.HasPrefix(r, method+" ") {
			out = append(out, strings.TrimPrefix(r, method+" "))
		}
	}
	return out
}

func (d *fakeDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.41")
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	switch path {
	case "/_ping", "/version":
		_, _ = w.Write([]byte(`{}`))
		return
	case "/info":
		_, _ = w.Write([]byte(`{"NCPU":8}`))
		return
	case "/events":
		d.mu.Lock()
		events := d.events
		d.mu.Unlock()
		for _, e := range events {
			_, _ = w.Write([]byte(e + "\n"))
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	request := r.Method + " " + path
	d.mu.Lock()
	d.requests = append(d.requests, request)
	answers := d.answers
	d.mu.Unlock()
	if status := answers(request); status != 0 {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"as the test wants"}`))
		return
	}
	d.serve(w, r, path)
}

func (d *fakeDaemon) serve(w http.ResponseWriter, r *http.Request, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case path == "/containers/json":
		var list []map[string]any
		for _, c := range d.containers {
			list = append(list, map[string]any{"Id": c.ID, "Labels": c.Labels})
		}
		_ = json.NewEncoder(w).Encode(list)
		return
	case path == "/containers/create":
		var in createRequest
		_ = json.NewDecoder(r.Body).Decode(&in)
		d.created = append(d.created, in)
		name := r.URL.Query().Get("name")
		d.containers[name] = &fakeContainer{
			ID: fmt.Sprintf("made-%d", len(d.created)), Name: name, Labels: in.Labels, State: map[string]any{"Status": "created"},
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"Id":%q}`, d.containers[name].ID)
		return
	}
	parts := strings.Split(strings.TrimPrefix(path, "/containers/"), "/")
	c := d.find(parts[0])
	switch {
	case c == nil:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"No such container"}`))
	case r.Method == http.MethodDelete:
		delete(d.containers, c.Name)
		w.WriteHeader(http.StatusNoContent)
	case parts[1] == "json":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Id": c.ID, "Name": "/" + c.Name, "State": c.State,
			"Config": map[string]any{"Labels": c.Labels, "Image": "galaxy-game:0.1.0"},
		})
	case parts[1] == "start":
		c.State = map[string]any{"Status": "running"}
		w.WriteHeader(http.StatusNoContent)
	case parts[1] == "stop":
		c.State = map[string]any{"Status": "exited"}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (d *fakeDaemon) find(key string) *fakeContainer {
	for _, c := range d.containers {
		if c.ID == key || c.Name == key {
			return c
		}
	}
	return nil
}
