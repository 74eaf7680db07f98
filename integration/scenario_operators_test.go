//go:build integration

package integration

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

type operatorAccount struct {
	Username  string `json:"username"`
	Role      string `json:"role"`
	Enabled   bool   `json:"enabled"`
	Bootstrap bool   `json:"bootstrap_password"`
}

func (s *scenario) adminAccountsAreManaged() {
	const accounts, old, fresh = adminAPI + "/admin-accounts", "a first long password", "a second long password"
	me := got[operatorAccount](s.root.Get(adminAPI + "/me"))
	require.Equal(s, operatorAccount{Username: adminUser, Role: "admin", Enabled: true, Bootstrap: true}, me)

	want := operatorAccount{Username: "anna", Role: "viewer", Enabled: true}
	in := object{"username": "anna", "password": old, "role": "viewer"}
	require.Equal(s, want, created[operatorAccount](s.root.Post(accounts, in)))
	require.Equal(s, want, got[operatorAccount](s.root.Get(accounts+"/anna")))
	require.Len(s, got[page[operatorAccount]](s.root.Get(accounts)).Items, 2)

	anna, note := s.api().Admin("anna", old), adminAPI+"/engine-versions"
	first := object{"version": "0.0.1", "image_ref": "galaxy-engine:0.0.1"}
	anna.Post(note, first).Refused(http.StatusForbidden, "forbidden")
	require.Equal(s, "operator", got[operatorAccount](s.root.Post(accounts+"/anna/role", object{"role": "operator"})).Role)
	anna.Post(note, first).Want(201)

	got[operatorAccount](s.root.Post(accounts+"/anna/reset-password", object{"password": fresh}))
	anna.Get(adminAPI+"/me").Refused(http.StatusUnauthorized, "unauthenticated")
	anna = s.api().Admin("anna", fresh)
	anna.Get(adminAPI + "/me").Want(200)
	require.False(s, got[operatorAccount](s.root.Post(accounts+"/anna/disable", nil)).Enabled)
	anna.Get(adminAPI+"/me").Refused(http.StatusUnauthorized, "unauthenticated")
	require.True(s, got[operatorAccount](s.root.Post(accounts+"/anna/enable", nil)).Enabled)
	anna.Get(adminAPI + "/me").Want(200)
}

func (s *scenario) auditLogIsComplete() {
	type row struct{ Actor, Action, Target, Outcome string }
	annas := got[page[row]](s.root.Get(adminAPI + "/audit?actor=anna&action=engine_version.create")).Items
	require.Len(s, annas, 1)
	require.Equal(s, row{"anna", "engine_version.create", "engine_version:0.0.1", "succeeded"}, annas[0])
	long := got[page[row]](s.root.Get(adminAPI + "/audit?limit=200&target=game:" + s.operatedGame.String() + "&since=" + s.begin.UTC().Format("2006-01-02T15:04:05Z"))).Items
	for _, action := range []string{"game.turn.advance", "game.turn.retry", "game.schedule", "game.race.banish", "runtime.restart", "game.force-stop"} {
		require.Contains(s, long, row{adminUser, action, "game:" + s.operatedGame.String(), "succeeded"})
	}
}

func (s *scenario) operatorsManageUsers() {
	at := adminAPI + "/users/" + s.dan.id.String()
	found := got[page[account]](s.root.Get(adminAPI + "/users?email=dan@example.com")).Items
	require.Len(s, found, 1)
	require.Equal(s, s.dan.id, found[0].ID)
	require.Equal(s, "US", got[account](s.root.Get(at)).Country)

	type note struct{ Actor, Text string }
	created[note](s.root.Post(at+"/notes", object{"text": "asked for a refund"}))
	require.Equal(s, []note{{adminUser, "asked for a refund"}}, got[page[note]](s.root.Get(at+"/notes")).Items)

	type record struct{ Plan, Source, Reason string }
	for _, p := range []*user{s.ada, s.bob} {
		grant := adminAPI + "/users/" + p.id.String() + "/entitlements"
		created[record](s.root.Post(grant, object{"plan": "permanent", "reason": "founder", "source": "gift"}))
		history := got[page[record]](s.root.Get(grant)).Items
		require.Equal(s, record{"permanent", "gift", "founder"}, history[0])
		require.Equal(s, "registration", history[1].Source)
	}
	require.Equal(s, "permanent", got[account](s.ada.Get(userAPI+"/account/entitlements")).Plan)

	deleted := got[account](s.root.Post(at+"/soft-delete", nil))
	require.NotNil(s, deleted.DeletedAt)
	s.dan.Get(userAPI+"/account").Refused(http.StatusUnauthorized, "user_unknown")
	require.Equal(s, "account_deleted", *s.credential(s.dan.session).Reason)
	require.Nil(s, got[account](s.root.Post(at+"/restore", nil)).DeletedAt)
	require.Equal(s, s.dan.name, got[account](s.dan.Get(userAPI+"/account")).UserName)

	export := got[struct {
		Account account        `json:"account"`
		Domains map[string]any `json:"domains"`
	}](s.root.Get(at + "/export"))
	require.Equal(s, s.dan.email, export.Account.Email)
	require.Contains(s, export.Domains, "auth")
}

func (s *scenario) limitsAndSanctionsApply() {
	at, before := adminAPI+"/users/"+s.dan.id.String(), s.newestMail()
	type limits struct {
		Limits    []limit
		Overrides []struct{ Value int }
	}
	seats := func(l limits) limit { return l.Limits[1] }
	require.Equal(s, limit{"active_memberships", 3, 3}, seats(got[limits](s.root.Get(at+"/limits"))))
	raised := got[limits](s.root.Put(at+"/limits/active_memberships", object{"value": 5, "reason": "tournament"}))
	require.Equal(s, limit{"active_memberships", 3, 5}, seats(raised))
	require.Len(s, raised.Overrides, 1)
	s.root.Delete(at + "/limits/active_memberships").Want(204)
	require.Equal(s, 3, seats(got[limits](s.root.Get(at+"/limits"))).Limit)

	type sanction struct {
		ID     uuid.UUID `json:"sanction_id"`
		Kind   string    `json:"kind"`
		Active bool      `json:"active"`
	}
	x := created[sanction](s.root.Post(at+"/sanctions", object{"kind": "game_create_block", "reason": "abandoned games",
		"expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}))
	require.True(s, x.Active)
	s.awaitMail(s.dan.email, "restriction", before)
	s.dan.Post(lobbyAPI+"/games", privateGame("Forbidden")).Refused(http.StatusForbidden, "game_create_blocked")
	s.root.Delete(at + "/sanctions/" + x.ID.String()).Want(204)
	require.Equal(s, []sanction{{x.ID, "game_create_block", false}}, got[page[sanction]](s.root.Get(at+"/sanctions")).Items)
	s.dan.Post(lobbyAPI+"/games", privateGame("Allowed again")).Want(201)
}
