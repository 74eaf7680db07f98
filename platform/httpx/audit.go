package httpx

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
)

// auditTimeout bounds the writing of one row about a refused mutation.
const auditTimeout = 5 * time.Second

// Auditor records what operators tried in vain. A mutation that succeeds is
// recorded by its domain, in the transaction that did it.
type Auditor interface {
	// Refused records one admin mutation that ended with an error. It runs
	// after the answer was decided and may use its own transaction.
	Refused(ctx context.Context, e AuditEntry)
}

// Complete is an Auditor whose log has the successes as well: exactly one row of
// every mutation is expected, and that Audited tells of it.
type Complete interface {
	Auditor
	// Complete only says so.
	Complete()
}

// AuditEntry is one refused or failed mutation on the admin surface.
type AuditEntry struct {
	Actor     string // the user name that was presented; verified only if Role is set
	Role      Role
	Op        string // operation of openapi.yaml
	Target    string // path below /api/v1/admin
	RequestID string
	Source    netip.Addr
	Status    int
	Reason    string // the fault's reason
}

// Unaudited is the log message of a defect: an operator's mutation succeeded and
// its domain did not record it, or more than once. The change is made; what is
// left is to say so.
const Unaudited = "mutation did not leave exactly one audit row"

// audit records the mutation of an operator that was refused or failed, and
// expects one that succeeded to be recorded.
func (a *app) audit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		info := infoOf(c.Request().Context())
		if err != nil {
			a.recordRefusal(c, info, faultOf(err))
			return err
		}
		_, complete := a.gates.Auditor.(Complete)
		if n := info.audited.Load(); complete && n != 1 {
			a.tel.log.Error(Unaudited, zap.String("op", info.endpoint.route.Op), zap.Int32("rows", n),
				zap.String("request_id", info.requestID))
		}
		return nil
	}
}

func (a *app) recordRefusal(c echo.Context, info *requestInfo, f *fault.Error) {
	if a.gates.Auditor == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(info), auditTimeout)
	defer cancel()
	a.gates.Auditor.Refused(ctx, AuditEntry{
		Actor: info.principal.Username, Role: info.principal.Role, Op: info.endpoint.route.Op,
		Target:    strings.TrimPrefix(c.Request().URL.Path, surfaces[SurfaceAdmin].prefix+"/"),
		RequestID: info.requestID, Source: info.ip, Status: f.Code.Status(), Reason: f.Reason,
	})
}
