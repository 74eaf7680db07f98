package mail

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// apiFixture is a fixture with its admin surface.
type apiFixture struct {
	*fixture
	api *testkit.API
}

func newAPIFixture(t *testing.T) *apiFixture {
	t.Helper()
	f := newFixture(t)
	gate := fx.Provide(func() httpx.AdminGate { return testkit.OpenGate{} })
	api := testkit.Surface(t, fx.Supply(f.service), gate, httpx.Provide(newAdminRoutes))
	return &apiFixture{f, api.Admin("operator", "secret")}
}

const surface = "/api/v1/admin/mail"

func TestOperatorsSeeNoContentOfAMail(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: "bob", Reply: "550 5.1.1 K7QM-3XZP", Times: 1})
	ids := []uuid.UUID{f.enqueue(code("anna@example.com")), f.enqueue(code("bob@example.com"))}
	one := surface + "/deliveries/" + ids[0].String()
	paths := []string{
		surface + "/deliveries", one, one + "/attempts", surface + "/dead-letters",
		surface + "/deliveries/" + ids[1].String() + "/attempts",
	}
	for range 2 { // while they wait, and once they are settled
		for _, path := range paths {
			reply := f.api.Get(path).Want(http.StatusOK)
			require.NotContains(t, string(reply.Body), "K7QM-3XZP", path)
		}
		f.pass()
	}
	require.True(t, testkit.Into[deliveryView](f.api.Get(one).Want(http.StatusOK)).Redacted)
}

func TestDeliveriesAreFilteredPagedAndCounted(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	for i := range 3 {
		f.enqueue(code(fmt.Sprintf("user%d@example.com", i)))
	}
	f.pass()
	late := f.enqueue(invite("route-1"))
	list := func(query string) deliveryList {
		return testkit.Into[deliveryList](f.api.Get(surface + "/deliveries" + query).Want(http.StatusOK))
	}
	all := list("")
	require.Len(t, all.Items, 4)
	require.Equal(t, late, all.Items[0].ID, "newest first")
	require.Equal(t, map[Status]int{
		Pending: 1, Sent: 3, Sending: 0, Retrying: 0, DeadLettered: 0, Cancelled: 0, Suppressed: 0, Expired: 0,
	}, all.Counts)
	require.Len(t, list("?status=pending").Items, 1)
	require.Len(t, list("?template=auth.login_code").Items, 3)
	require.Len(t, list("?recipient=USER1@example.com").Items, 1)
	require.Empty(t, list("?recipient=%25").Items, "no pattern, just a name")
	first := list("?limit=3")
	rest := list("?limit=3&cursor=" + *first.NextCursor)
	require.Equal(t, all.Items[3:], rest.Items)
	require.Nil(t, rest.NextCursor)
	f.api.Lenient().Get(surface+"/deliveries?status=lost").Refused(http.StatusBadRequest, "invalid_request")
	f.api.Get(surface+"/deliveries?cursor=forged").Refused(http.StatusBadRequest, "invalid_request")
}

func TestAResendIsRefusedOnceThereIsNothingToSend(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: "bob", Reply: "550 5.1.1 no such user", Times: 1},
		smtpsink.Rule{At: smtpsink.Rcpt, Contains: "carl", Reply: "550 5.1.1 no such user", Times: 1})
	sent, dead, scrubbed := f.enqueue(code("anna@example.com")), f.enqueue(invite("route-1")), f.enqueue(code("carl@example.com"))
	m := code("dora@example.com")
	m.Suppressed = true
	suppressed := f.enqueue(m)
	f.pass()
	again := func(id uuid.UUID) testkit.Reply { return f.api.Post(surface+"/"+id.String()+"/resend", nil) }
	again(sent).Refused(http.StatusConflict, "already_sent")
	again(scrubbed).Refused(http.StatusConflict, "payload_scrubbed")
	again(suppressed).Refused(http.StatusConflict, "not_resendable")
	again(uuid.New()).Refused(http.StatusNotFound, "not_found")
	f.api.Admin("viewer", "secret").Post(surface+"/"+dead.String()+"/resend", nil).Refused(http.StatusForbidden, "forbidden")
	require.Equal(t, Pending, testkit.Into[deliveryView](again(dead).Want(http.StatusOK)).Status)
	again(dead).Want(http.StatusOK)
	left := testkit.Into[deliveryList](f.api.Get(surface + "/dead-letters").Want(http.StatusOK))
	require.Len(t, left.Items, 1, "only the scrubbed one is left")
	require.Len(t, f.audit.Entries(), 2)
	f.pass()
	require.Equal(t, []Outcome{Rejected, Delivered}, f.outcomes(dead))
}
