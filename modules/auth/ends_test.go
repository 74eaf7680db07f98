package auth_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/push"
)

// However a session ends: the gateway's look-up says so before the call is
// answered, every gateway is told once and why, and one that subscribes afresh is
// told again from the table.
func TestEveryEndIsSeenAnnouncedAndReplayed(t *testing.T) {
	t.Parallel()
	type ending struct {
		end  func(h *house, post *letters, me signedIn, d device)
		want string
	}
	of := func(me signedIn, rest string) string { return "/api/v1/admin/users/" + me.User.String() + rest }
	for name, c := range map[string]ending{
		"one, by its user": {func(h *house, _ *letters, me signedIn, _ device) {
			h.api.User(me.User).Post(sessions+"/"+me.Session.String()+"/revoke", nil).Want(204)
		}, "user"},
		"all others, by their user": {func(h *house, post *letters, me signedIn, _ device) {
			other := h.entry(post, "ada@example.org", newDevice(h))
			h.api.User(me.User).Post(sessions+"/revoke-others", map[string]any{"device_session_id": other.Session}).Want(200)
		}, "user"},
		"all, by their user": {func(h *house, _ *letters, me signedIn, _ device) {
			h.api.User(me.User).Post(sessions+"/revoke-all", nil).Want(200)
		}, "user"},
		"one, by the gateway": {func(h *house, _ *letters, me signedIn, _ device) {
			h.api.Post(internal(me.Session)+"/revoke", nil).Want(204)
		}, "gateway"},
		"one, by an operator": {func(h *house, _ *letters, me signedIn, _ device) {
			h.admin().Post("/api/v1/admin/sessions/"+me.Session.String()+"/revoke", nil).Want(204)
		}, "operator"},
		"all, by an operator": {func(h *house, _ *letters, me signedIn, _ device) {
			h.admin().Post(of(me, "/sessions/revoke-all"), nil).Want(200)
		}, "operator"},
		"by a sanction": {func(h *house, _ *letters, me signedIn, _ device) {
			h.admin().Post(of(me, "/sanctions"), map[string]any{"kind": "permanent_block", "reason": "cheating"}).Want(201)
		}, "account_blocked"},
		"by a deletion": {func(h *house, _ *letters, me signedIn, _ device) {
			h.api.User(me.User).Delete("/api/v1/user/account").Want(204)
		}, "account_deleted"},
		"by an operator's deletion": {func(h *house, _ *letters, me signedIn, _ device) {
			h.admin().Post(of(me, "/soft-delete"), nil).Want(200)
		}, "account_deleted"},
		"by the same key": {func(h *house, post *letters, _ signedIn, d device) { h.entry(post, "ada@example.org", d) }, "replaced"},
		"by one too many": {func(h *house, post *letters, _ signedIn, _ device) {
			h.entry(post, "ada@example.org", newDevice(h))
			h.entry(post, "ada@example.org", newDevice(h))
		}, "too_many_sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := settings()
			cfg.SessionsMax = 2
			h, post := quiet(t, cfg)
			d := newDevice(t)
			me := h.entry(post, "ada@example.org", d)
			since := h.clock.Now()
			c.end(h, post, me, d)
			require.Zero(t, h.traffic(func() {
				got := h.credential(me.Session)
				require.Equal(t, "revoked", got.Status)
				require.Equal(t, c.want, *got.Reason)
			}), "the look-up asked the database")
			is := func(inv push.Invalidation) bool { return inv.DeviceSessionID == me.Session }
			require.Len(t, h.gateways.sessions(), 1)
			told := h.gateways.heard[0]
			require.True(t, is(told))
			require.Equal(t, []any{me.User, c.want}, []any{told.UserID, told.Reason})
			replayed, err := auth.NewReplay(h.db).Recent(t.Context(), since)
			require.NoError(t, err)
			i := slices.IndexFunc(replayed, is)
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, told, replayed[i])
		})
	}
}
