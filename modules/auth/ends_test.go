package auth_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/push"
	"galaxy/backend/platform/grpcx"
	pushv1 "galaxy/backend/proto/push/v1"
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

// The same through the stream that gateways listen to: one that comes afresh
// hears of the revocations of the freshness window, and of no older ones.
func TestAGatewayThatSubscribesAfreshHearsWhatItMissed(t *testing.T) {
	t.Parallel()
	const window = 5 * time.Minute
	var server *grpcx.Server
	h := open(t, push.Module, grpcx.Module, fx.Supply(push.Config{FreshnessWindow: window},
		grpcx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Minute}), fx.Populate(&server))
	old, missed := h.signIn("old@example.org", newDevice(t)), h.signIn("ada@example.org", newDevice(t))
	h.api.Post(internal(old.Session)+"/revoke", nil).Want(204)
	h.clock.Advance(window + time.Second)
	h.api.User(missed.User).Post(sessions+"/revoke-all", nil).Want(200)

	conn, err := grpc.NewClient(server.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	stream, err := pushv1.NewPushClient(conn).SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: "gw"})
	require.NoError(t, err)
	for {
		e, err := stream.Recv()
		require.NoError(t, err)
		if inv := e.GetSessionInvalidation(); inv != nil {
			require.Equal(t, []string{missed.User.String(), missed.Session.String(), "user"}, []string{inv.GetUserId(), inv.GetDeviceSessionId(), inv.GetReason()})
			return
		}
	}
}
