package httpx

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx/gateway"
)

// authenticate runs the gateway credential and then what the surface asks for.
func (e *endpoint) authenticate(ctx context.Context, c *call, r *http.Request) error {
	if e.surface == SurfaceProbe {
		return nil
	}
	if !e.guard.Admits(single(r.Header[gateway.Header]), r.TLS) {
		return gateway.ErrUnauthenticated
	}
	switch e.surface {
	case SurfaceUser:
		return e.admitUser(ctx, c, r)
	case SurfaceAdmin:
		e.strayUser(r)
		return e.admitOperator(ctx, c, r)
	case SurfacePublic:
		e.strayUser(r)
	}
	return nil
}

// single is the only value of a header; with several nobody can say which one
// the proxies before us looked at.
func single(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

func (e *endpoint) admitUser(ctx context.Context, c *call, r *http.Request) error {
	id, ok := parseUUID(single(r.Header["X-User-Id"]))
	if !ok || e.gates.User == nil {
		return ErrUnknownUser
	}
	c.user = id
	if err := e.gates.User.Admit(ctx, id); err != nil {
		return err
	}
	if e.gates.Seen != nil {
		e.gates.Seen.Seen(id, c.ip)
	}
	return nil
}

// strayUser notices X-User-ID where it means nothing: a gateway that is set up
// wrongly, or somebody probing.
func (e *endpoint) strayUser(r *http.Request) {
	if _, ok := r.Header["X-User-Id"]; ok {
		e.tel.anomaly(r.Context(), "stray_user_id", e.surface)
	}
}

func (e *endpoint) admitOperator(ctx context.Context, c *call, r *http.Request) error {
	username, password, ok := parseBasic(single(r.Header["Authorization"]))
	if !ok || e.gates.Admin == nil {
		return errCredentials
	}
	c.principal.Username = username
	principal, err := e.gates.Admin.Authenticate(ctx, username, password, c.ip)
	if err != nil {
		return err
	}
	c.principal = principal
	if principal.Role < e.route.Role {
		return errForbidden.With("role", e.route.Role.String())
	}
	return nil
}

const (
	maxAuthorization = 1024 // bytes of the whole header
	maxUsername      = 64
	maxPassword      = 72 // bytes; bcrypt ignores the rest without a word
)

// parseBasic reads an Authorization header. Whatever could not be an
// operator's credential is refused here, before anything is hashed.
func parseBasic(header string) (username, password string, ok bool) {
	const scheme = "basic "
	if len(header) > maxAuthorization || len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", "", false
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(header[len(scheme):])
	if err != nil {
		return "", "", false
	}
	username, password, ok = strings.Cut(string(plain), ":")
	ok = ok && username != "" && len(username) <= maxUsername && password != "" && len(password) <= maxPassword &&
		printable(username) && printable(password)
	if !ok {
		return "", "", false
	}
	return username, password, true
}

// audit reports a mutation of an operator that came to nothing.
func (e *endpoint) audit(ctx context.Context, c *call, r *http.Request, f *fault.Error) {
	if e.surface != SurfaceAdmin || e.gates.Auditor == nil || r.Method == http.MethodGet {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	e.gates.Auditor.Refused(ctx, AuditEntry{
		Actor: c.principal.Username, Role: c.principal.Role, Op: e.route.Op,
		Target:    strings.TrimPrefix(r.URL.Path, surfaces[SurfaceAdmin].prefix+"/"),
		RequestID: c.requestID, Source: c.ip, Status: f.Code.Status(), Reason: f.Reason,
	})
}

// Unaudited is the log message of a defect: an operator's mutation succeeded and
// its domain did not record it, or more than once. The change is made; what is
// left is to say so.
const Unaudited = "mutation did not leave exactly one audit row"

func (e *endpoint) expectAudited(c *call, r *http.Request) {
	if e.surface != SurfaceAdmin || r.Method == http.MethodGet {
		return
	}
	_, complete := e.gates.Auditor.(Complete)
	if n := c.audited.Load(); complete && n != 1 {
		e.tel.log.Error(Unaudited, zap.String("op", e.route.Op), zap.Int32("rows", n), zap.String("request_id", c.requestID))
	}
}
