package auth_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/push"
	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

// However a session is revoked: the gateway's look-up says so before the call is
// answered, every gateway is told once and why, and one that subscribes without a
// cursor is told again from the table.
func TestEveryRevocationIsCachedPublishedAndReplayed(t *testing.T) {
	t.Parallel()
	type revocation struct {
		revoke func(f *fixture, me signedIn, d device)
		want   string
	}
	of := func(me signedIn, rest string) string { return adminUserPath(me.User) + rest }
	for name, c := range map[string]revocation{
		"one, by its user": {func(f *fixture, me signedIn, _ device) {
			f.api.User(me.User).Post(sessionsPath+"/"+me.Session.String()+"/revoke", nil).Want(204)
		}, "user"},
		"all others, by their user": {func(f *fixture, me signedIn, _ device) {
			other := f.signInDirectly("ada@example.org", newDevice(f))
			f.api.User(me.User).Post(sessionsPath+"/revoke-others", map[string]any{"device_session_id": other.Session}).Want(200)
		}, "user"},
		"all, by their user": {func(f *fixture, me signedIn, _ device) {
			f.api.User(me.User).Post(sessionsPath+"/revoke-all", nil).Want(200)
		}, "user"},
		"one, by the gateway": {func(f *fixture, me signedIn, _ device) {
			f.api.Post(internalPath(me.Session)+"/revoke", nil).Want(204)
		}, "gateway"},
		"one, by an operator": {func(f *fixture, me signedIn, _ device) {
			f.admin().Post("/api/v1/admin/sessions/"+me.Session.String()+"/revoke", nil).Want(204)
		}, "operator"},
		"all, by an operator": {func(f *fixture, me signedIn, _ device) {
			f.admin().Post(of(me, "/sessions/revoke-all"), nil).Want(200)
		}, "operator"},
		"by a sanction": {func(f *fixture, me signedIn, _ device) {
			f.admin().Post(of(me, "/sanctions"), map[string]any{"kind": "permanent_block", "reason": "cheating"}).Want(201)
		}, "account_blocked"},
		"by a deletion": {func(f *fixture, me signedIn, _ device) {
			f.api.User(me.User).Delete(accountPath).Want(204)
		}, "account_deleted"},
		"by an operator's deletion": {func(f *fixture, me signedIn, _ device) {
			f.admin().Post(of(me, "/soft-delete"), nil).Want(200)
		}, "account_deleted"},
		"by the same key": {func(f *fixture, _ signedIn, d device) { f.signInDirectly("ada@example.org", d) }, "replaced"},
		"by one too many": {func(f *fixture, _ signedIn, _ device) {
			f.signInDirectly("ada@example.org", newDevice(f))
			f.signInDirectly("ada@example.org", newDevice(f))
		}, "too_many_sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := defaultConfig()
			cfg.SessionsMax = 2
			f := newFakeMailFixture(t, cfg)
			d := newDevice(t)
			me := f.signInDirectly("ada@example.org", d)
			since := f.clock.Now()
			c.revoke(f, me, d)
			require.Zero(t, f.traffic(func() {
				got := f.credential(me.Session)
				require.Equal(t, "revoked", got.Status)
				require.Equal(t, c.want, *got.Reason)
			}), "the look-up asked the database")
			isMine := func(inv push.Invalidation) bool { return inv.DeviceSessionID == me.Session }
			require.Len(t, f.gateways.InvalidatedSessions(), 1)
			told := f.gateways.Invalidations()[0]
			require.True(t, isMine(told))
			require.Equal(t, []any{me.User, c.want}, []any{told.UserID, told.Reason})
			replayed, err := auth.NewRevocationReplay(f.db).Recent(t.Context(), since)
			require.NoError(t, err)
			i := slices.IndexFunc(replayed, isMine)
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, told, replayed[i])
		})
	}
}

// The same through the stream that gateways subscribe to: one without a cursor is
// told the revocations of the freshness window, and no older ones.
func TestAGatewayWithoutACursorIsToldRecentRevocations(t *testing.T) {
	t.Parallel()
	const window = 5 * time.Minute
	var server *grpcx.Server
	f := newFixture(t, push.Module, grpcx.Module, fx.Supply(push.Config{FreshnessWindow: window},
		grpcx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Minute}), fx.Populate(&server))
	old, missed := f.signIn("old@example.org", newDevice(t)), f.signIn("ada@example.org", newDevice(t))
	f.api.Post(internalPath(old.Session)+"/revoke", nil).Want(204)
	f.clock.Advance(window + time.Second)
	f.api.User(missed.User).Post(sessionsPath+"/revoke-all", nil).Want(200)

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
			require.Equal(t, []string{missed.User.String(), missed.Session.String(), "user"},
				[]string{inv.GetUserId(), inv.GetDeviceSessionId(), inv.GetReason()})
			return
		}
	}
}

func TestAnOperatorsRevocationWhoseAuditEntryFailsIsNotMade(t *testing.T) {
	t.Parallel()
	audit := &admintest.Auditor{}
	f := newFakeMailFixture(t, defaultConfig(), testkit.StandIn[admin.Auditor](audit))
	me := f.signInDirectly("ada@example.org", newDevice(t))
	broken := errors.New("no room in the log")
	audit.Fail(broken)
	require.ErrorIs(t, f.auth.Revoke(t.Context(), me.Session, auth.RevokedByOperator), broken)
	_, err := f.auth.RevokeAll(t.Context(), me.User, auth.RevokedByOperator)
	require.ErrorIs(t, err, broken)
	require.Equal(t, "active", f.credential(me.Session).Status)
	require.Empty(t, f.gateways.Invalidations())
	require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions WHERE status = 'active'`))
}

func TestOnlyOperatorsLeaveAuditEntriesAndEachTime(t *testing.T) {
	t.Parallel()
	audit := &admintest.Auditor{}
	f := newFakeMailFixture(t, defaultConfig(), testkit.StandIn[admin.Auditor](audit))
	byUser := f.signInDirectly("ada@example.org", newDevice(t))
	byGateway := f.signInDirectly("ada@example.org", newDevice(t))
	byOperator := f.signInDirectly("ada@example.org", newDevice(t))
	require.NoError(t, f.auth.RevokeOwn(t.Context(), byUser.User, byUser.Session))
	require.NoError(t, f.auth.Revoke(t.Context(), byGateway.Session, auth.RevokedByGateway))
	require.Empty(t, audit.Actions())
	for range 2 {
		require.NoError(t, f.auth.Revoke(t.Context(), byOperator.Session, auth.RevokedByOperator))
	}
	n, err := f.auth.RevokeAll(t.Context(), byOperator.User, auth.RevokedByOperator)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, []string{"session.revoke", "session.revoke", "session.revoke_all"}, audit.Actions())
	require.Equal(t, "session:"+byOperator.Session.String(), audit.Entries()[0].Target)
	require.Equal(t, []uuid.UUID{byUser.Session, byGateway.Session, byOperator.Session}, f.gateways.InvalidatedSessions())
}
