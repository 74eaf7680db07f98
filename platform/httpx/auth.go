package httpx

import (
	"encoding/base64"
	"strings"

	"github.com/labstack/echo/v4"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx/gateway"
)

// requireGateway admits requests that come through the gateway.
func (a *app) requireGateway(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !a.guard.Admits(onlyValue(r.Header[gateway.Header]), r.TLS) {
			return gateway.ErrUnauthenticated
		}
		return next(c)
	}
}

// onlyValue is the one value of a header; with several nobody can say which one
// the proxies before us looked at.
func onlyValue(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

// requireUser admits the user that X-User-ID names.
func (a *app) requireUser(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id, ok := parseUUID(onlyValue(r.Header["X-User-Id"]))
		if !ok || a.gates.User == nil {
			return ErrUnknownUser
		}
		info := infoOf(r.Context())
		info.user = id
		if err := a.gates.User.Admit(info, id); err != nil {
			return err
		}
		if a.gates.Seen != nil {
			a.gates.Seen.Seen(id, info.ip)
		}
		return next(c)
	}
}

// reportStrayUserID counts X-User-ID where it means nothing: a gateway that is set
// up wrongly, or somebody probing.
func (a *app) reportStrayUserID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := c.Request().Header["X-User-Id"]; ok {
			info := infoOf(c.Request().Context())
			a.tel.anomaly(info, "stray_user_id", info.endpoint.surface)
		}
		return next(c)
	}
}

// requireOperator admits the operator whom Authorization names.
func (a *app) requireOperator(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		info := infoOf(c.Request().Context())
		username, password, ok := parseBasic(onlyValue(c.Request().Header[echo.HeaderAuthorization]))
		if !ok || a.gates.Admin == nil {
			return errCredentials
		}
		info.principal.Username = username
		principal, err := a.gates.Admin.Authenticate(info, username, password, info.ip)
		if err != nil {
			return err
		}
		info.principal = principal
		return next(c)
	}
}

// requireRole admits operators of at least this role.
func requireRole(least Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if infoOf(c.Request().Context()).principal.Role < least {
				return errForbidden.With("role", least.String())
			}
			return next(c)
		}
	}
}

var basicRealm = []string{`Basic realm="galaxy-admin"`}

// challenge tells whoever was not authenticated how to be.
func challenge(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil && faultOf(err).Code == fault.Unauthenticated {
			c.Response().Header()["Www-Authenticate"] = basicRealm
		}
		return err
	}
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
