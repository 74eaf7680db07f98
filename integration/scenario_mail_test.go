//go:build integration

package integration

import (
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

type delivery struct {
	ID       uuid.UUID `json:"delivery_id"`
	Template string    `json:"template"`
	Status   string    `json:"status"`
	Attempts int       `json:"attempts"`
}

// refusedMailIsSentAgain refuses a recipient for a while.
func (s *scenario) refusedMailIsSentAgain() {
	before := s.newestMail()
	s.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: s.eve.email, Reply: "550 5.1.1 no such user"})
	id := created[game](s.ada.Post(lobbyAPI+"/games", privateGame("Post"))).ID
	s.ada.Post(lobbyGamePath(id, "/open"), nil).Want(200)
	s.invite(s.ada, s.eve, id)

	const mails, dead = adminAPI + "/mail/deliveries", adminAPI + "/mail/dead-letters"
	var given []delivery
	s.eventually("a dead letter", func() bool {
		given = got[page[delivery]](s.root.Get(dead)).Items
		return len(given) > 0
	})
	require.Len(s, given, 1)
	require.Equal(s, "lobby.invite.received", given[0].Template)
	s.awaitMail("ops@example.com", "given up", before)
	at := mails + "/" + given[0].ID.String()
	require.Equal(s, "dead_lettered", got[delivery](s.root.Get(at)).Status)

	s.inbox.Use()
	s.root.Post(adminAPI+"/mail/"+given[0].ID.String()+"/resend", nil).Want(200)
	require.Contains(s, s.awaitMail(s.eve.email, "invites you", before).Subject, "Ada L.")
	s.eventually("a delivery", func() bool { return got[delivery](s.root.Get(at)).Status == "sent" })
	type attempt struct{ Outcome string }
	require.Equal(s, []attempt{{"rejected"}, {"delivered"}}, got[page[attempt]](s.root.Get(at+"/attempts")).Items)
	sent := got[page[delivery]](s.root.Get(mails + "?status=sent&template=lobby.invite.received&recipient=" + url.QueryEscape(s.eve.email)))
	require.Equal(s, given[0].ID, sent.Items[0].ID)
	require.Zero(s, sent.Counts["dead_lettered"])
}

func (s *scenario) inboxesAreRead() {
	type notice struct {
		ID   uuid.UUID  `json:"notification_id"`
		Kind string     `json:"kind"`
		Read *time.Time `json:"read_at"`
	}
	const at = userAPI + "/notifications"
	inbox := func(query string) page[notice] { return got[page[notice]](s.eve.Get(at + query)) }
	full := inbox("?unread=true")
	require.Equal(s, "lobby.invite.received", full.Items[0].Kind, "newest first")
	require.Len(s, full.Items, full.Unread)
	s.eve.Post(at+"/"+full.Items[0].ID.String()+"/read", nil).Want(204)
	after := inbox("")
	require.Equal(s, full.Unread-1, after.Unread)
	require.NotNil(s, after.Items[0].Read)
	s.eve.Post(at+"/read-all", nil).Want(204)
	require.Empty(s, inbox("?unread=true").Items)

	type subscriber struct {
		ID        string `json:"gateway_client_id"`
		Delivered int    `json:"delivered"`
		Dropped   int    `json:"dropped"`
	}
	gateways := got[page[subscriber]](s.root.Get(adminAPI + "/push/subscribers")).Items
	require.Len(s, gateways, 1)
	require.Equal(s, "scenario-gateway", gateways[0].ID)
	require.Positive(s, gateways[0].Delivered)
	require.Zero(s, gateways[0].Dropped)
}

func (s *scenario) countriesAreCounted() {
	type country struct {
		Country string
		Count   int
	}
	require.Equal(s, "JP", got[country](s.root.Get(adminAPI+"/geo/lookup?ip="+s.eve.from)).Country)
	require.Equal(s, "GeoLite2-Country", got[struct{ Type string }](s.root.Get(adminAPI+"/geo/database")).Type)
	var seen []country
	s.eventually("ada's countries", func() bool {
		seen = got[page[country]](s.root.Get(adminAPI + "/users/" + s.ada.id.String() + "/country-counters")).Items
		return len(seen) > 0
	})
	require.Equal(s, "DE", seen[0].Country, "the most frequent country is first")
}
