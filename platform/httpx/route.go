package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Surface is an audience: a path prefix, a way to authenticate, a body limit.
type Surface uint8

// The surfaces. SurfaceProbe belongs to the package itself.
const (
	SurfaceProbe Surface = iota
	SurfacePublic
	SurfaceInternal
	SurfaceUser
	SurfaceAdmin
)

var surfaces = [...]struct {
	group, prefix string
	maxBody       int64
}{
	SurfaceProbe:    {"probe", "", 4 << 10},
	SurfacePublic:   {"public", "/api/v1/public", 4 << 10},
	SurfaceInternal: {"internal", "/api/v1/internal", 4 << 10},
	SurfaceUser:     {"user", "/api/v1/user", 64 << 10},
	SurfaceAdmin:    {"admin", "/api/v1/admin", 64 << 10},
}

// String is the surface's name, and the metric label group.
func (s Surface) String() string { return surfaces[s].group }

// Route is one operation of openapi.yaml.
type Route struct {
	Op     string // operationId; also the span's name
	Method string
	Path   string // below the surface's prefix, parameters in braces: /lobby/games/{game_id}
	Handle Handler
	Role   Role // the least role that may call it; on admin routes only, and needed there

	// MaxBody replaces the surface's body limit, in bytes.
	MaxBody int64
	// Timeout replaces the server's write timeout for handlers that wait for
	// something slower, such as a game engine.
	Timeout time.Duration
}

// Table is the routes of one module on one surface.
type Table struct {
	Surface Surface
	Module  string
	Routes  []Route
}

// Public makes a table of routes that need no authentication.
func Public(module string, routes ...Route) Table { return Table{SurfacePublic, module, routes} }

// Internal makes a table of routes for the gateway itself.
func Internal(module string, routes ...Route) Table { return Table{SurfaceInternal, module, routes} }

// User makes a table of routes for the user that X-User-ID names.
func User(module string, routes ...Route) Table { return Table{SurfaceUser, module, routes} }

// Admin makes a table of routes for operators; each names its Role.
func Admin(module string, routes ...Route) Table { return Table{SurfaceAdmin, module, routes} }

// fullPath is the route's path as openapi.yaml has it.
func (t Table) fullPath(r Route) string { return surfaces[t.Surface].prefix + r.Path }

// sorted is the tables in an order of their own: value groups are shuffled.
func sorted(tables []Table) []Table {
	return slices.SortedFunc(slices.Values(tables), func(a, b Table) int {
		return cmp.Or(cmp.Compare(a.Surface, b.Surface), cmp.Compare(a.Module, b.Module))
	})
}

// checkTables finds what echo would accept silently: a second route of
// one shape, a second route of one operation, a missing role.
func checkTables(tables []Table) error {
	var errs []error
	patterns, ops := map[string]string{}, map[string]bool{}
	for _, t := range sorted(tables) {
		for _, r := range t.Routes {
			if err := r.check(t.Surface); err != nil {
				errs = append(errs, fmt.Errorf("route %s of %s: %w", r.Op, t.Module, err))
			}
			pattern := r.Method + " " + patternOf(t.fullPath(r))
			if other, taken := patterns[pattern]; taken {
				errs = append(errs, fmt.Errorf("routes %s and %s are both %s", other, r.Op, pattern))
			}
			if ops[r.Op] {
				errs = append(errs, fmt.Errorf("operation %s has two routes", r.Op))
			}
			patterns[pattern], ops[r.Op] = r.Op, true
		}
	}
	return errors.Join(errs...)
}

func (r Route) check(s Surface) error {
	switch {
	case r.Op == "" || r.Method == "":
		return errors.New("it has no operation or no method")
	case !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, ":*"):
		return fmt.Errorf("the path %q has to start with a slash and put parameters in braces", r.Path)
	case r.Handle.serve == nil:
		return errors.New("it has no handler")
	case s == SurfaceAdmin && (r.Role < Viewer || r.Role > Administrator):
		return errors.New("an admin route has to name its role")
	case s != SurfaceAdmin && r.Role != NoRole:
		return errors.New("only admin routes have a role")
	}
	return r.Handle.plan.err
}

// patternOf is the path with its parameters' names removed.
func patternOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// echoPath is the path as echo spells it.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
