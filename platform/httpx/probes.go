package httpx

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/telemetry/build"
)

const (
	checkTimeout = 2 * time.Second // of one condition
	readinessTTL = time.Second     // how long an answer of /readyz is kept, so that it is no amplifier
)

// Readiness is the state of /readyz.
type Readiness struct {
	Status string            `json:"status"` // ready, unavailable or draining
	Checks map[string]string `json:"checks"` // name → ok or failed
}

// probes answers the routes that are not part of a surface.
type probes struct {
	checks []Check
	clock  clock.Clock

	draining atomic.Bool // apart from mu: a condition that hangs must not hold up the stop

	mu        sync.Mutex
	checkedAt time.Time
	last      Readiness
}

// Health is the answer of /healthz: always the same while the process lives.
type Health struct {
	Status string `json:"status"`
}

func (p *probes) healthz(context.Context, struct{}) (Health, error) { return Health{"ok"}, nil }

func (p *probes) version(context.Context, struct{}) (build.Info, error) { return build.Read(), nil }

// drain makes /readyz fail from now on.
func (p *probes) drain() { p.draining.Store(true) }

func (p *probes) readyz(ctx context.Context, _ struct{}) (Response[Readiness], error) {
	if p.draining.Load() {
		draining := Readiness{Status: "draining", Checks: map[string]string{}}
		return Response[Readiness]{Status: http.StatusServiceUnavailable, Body: draining}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock() // whoever comes meanwhile waits for the same answer
	if now := p.clock.Now(); p.last.Status == "" || now.Sub(p.checkedAt).Abs() >= readinessTTL {
		p.last, p.checkedAt = p.runChecks(context.WithoutCancel(ctx)), now
	}
	status := http.StatusOK
	if p.last.Status != "ready" {
		status = http.StatusServiceUnavailable
	}
	return Response[Readiness]{Status: status, Body: p.last}, nil
}

// runChecks runs all conditions side by side. The reasons stay in here: /readyz is
// open to everyone.
func (p *probes) runChecks(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	results := make([]string, len(p.checks))
	var wg sync.WaitGroup
	for i, c := range p.checks {
		wg.Go(func() {
			results[i] = "ok"
			if err := c.Check(ctx); err != nil {
				results[i] = "failed"
			}
		})
	}
	wg.Wait()
	r := Readiness{Status: "ready", Checks: map[string]string{}}
	for i, c := range p.checks {
		r.Checks[c.Name] = results[i]
		if results[i] != "ok" {
			r.Status = "unavailable"
		}
	}
	return r
}

// probeTable is the package's own routes.
func probeTable(p *probes, d *documents) Table {
	return Table{SurfaceProbe, "platform", []Route{
		{Op: "getHealth", Method: http.MethodGet, Path: "/healthz", Handle: JSON(http.StatusOK, p.healthz)},
		{Op: "getReadiness", Method: http.MethodGet, Path: "/readyz", Handle: JSON(http.StatusOK, p.readyz)},
		{Op: "getVersion", Method: http.MethodGet, Path: "/version", Handle: JSON(http.StatusOK, p.version)},
		{Op: "getDocument", Method: http.MethodGet, Path: "/openapi.yaml", Handle: JSON(http.StatusOK, d.yaml)},
		{Op: "getDocumentation", Method: http.MethodGet, Path: "/docs", Handle: JSON(http.StatusOK, d.docs)},
	}}
}
