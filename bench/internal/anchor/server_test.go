package anchor_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"galaxy/backend/bench/internal/anchor"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

// fixture is a running anchor.
type fixture struct {
	t      *testing.T
	http   string
	reads  *testkit.PG
	writes string
	stop   context.CancelFunc
	ended  chan error
	stream pushv1.Push_SubscribePushClient
	user   uuid.UUID
	game   uuid.UUID
	client http.Client
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, http: freeAddr(t), reads: testkit.Postgres(t), ended: make(chan error, 1), user: uuid.New(), game: uuid.New()}
	f.client.Transport = &http.Transport{DisableKeepAlives: true}
	// The anchor's own tables are in a database of their own.
	f.writes = strings.Replace(testkit.Postgres(t).DSN, "search_path=backend", "search_path=public", 1)
	require.NoError(t, anchor.Prepare(t.Context(), f.writes, []uuid.UUID{f.game}))
	streams := freeAddr(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	f.stop = stop
	go func() {
		f.ended <- anchor.Serve(ctx, anchor.Config{HTTP: f.http, GRPC: streams, DSN: f.reads.DSN, Tables: f.writes})
	}()
	t.Cleanup(stop)
	require.Eventually(t, func() bool { code, _ := f.do("GET", "/readyz", ""); return code == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
	conn, err := grpc.NewClient(streams, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	f.stream, err = pushv1.NewPushClient(conn).SubscribePush(t.Context(), &pushv1.GatewaySubscribeRequest{})
	require.NoError(t, err)
	return f
}

func (f *fixture) do(method, path, body string) (int, string) {
	req, err := http.NewRequestWithContext(f.t.Context(), method, "http://"+f.http+path, strings.NewReader(body))
	require.NoError(f.t, err)
	req.Header.Set("X-User-ID", f.user.String())
	req.Header.Set("Content-Type", "application/json")
	res, err := f.client.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(f.t, err)
	return res.StatusCode, string(text)
}

func TestBarePathWritesItsRowsAndSendsAnEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, text := f.do("POST", "/bare", `{"game_id":"`+f.game.String()+`","user_id":"`+f.user.String()+`","message":"Join us"}`)
	require.Equal(t, http.StatusCreated, code, text)
	var made struct {
		ID uuid.UUID `json:"id"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &made))

	frame, err := f.stream.Recv()
	require.NoError(t, err)
	require.Equal(t, made.ID.String(), frame.GetClientEvent().GetEventId())

	var commands, counted, events int
	require.NoError(t, testkit.Conn(t, f.writes).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM commands WHERE command_id = $1),
		(SELECT made FROM games WHERE game_id = $2), (SELECT count(*) FROM events WHERE event_id = $1)`, made.ID, f.game).Scan(&commands, &counted, &events))
	require.Equal(t, [3]int{1, 1, 1}, [3]int{commands, counted, events})

	f.stop()
	require.NoError(t, <-f.ended)
	_, err = f.stream.Recv()
	require.Contains(t, []codes.Code{codes.Unknown, codes.Unavailable}, status.Code(err), "the stream ends with the server: %v", err)
}

func TestFailedCommandWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.do("POST", "/bare", `{"game_id":"`+uuid.NewString()+`","user_id":"`+f.user.String()+`","message":"there is no such game"}`)
	require.Equal(t, http.StatusInternalServerError, code)
	var rows int
	require.NoError(t, testkit.Conn(t, f.writes).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM commands) + (SELECT count(*) FROM events)`).Scan(&rows))
	require.Zero(t, rows)
	f.stop()
	require.NoError(t, <-f.ended)
}

const seed = `INSERT INTO accounts (user_id, email, email_canonical, user_name, display_name, preferred_language, time_zone, declared_country, created_at, updated_at)
	VALUES ($1, 'a@example.com', 'a@example.com', 'player-aaaaaaaa', '', 'en', 'UTC', 'NL', now(), now())`

const seedGames = `INSERT INTO games (game_id, owner_id, created_by, visibility, name, description, state, min_players, max_players, join_policy,
		start_when_full, engine_version, turns, map, created_at, updated_at)
	SELECT gen_random_uuid(), CASE WHEN v = 'private' THEN $1::uuid END, 'x', v, 'a game', '', 'enrollment_open', 1, 2, p, false, '0.1.0', '{"mode":"manual"}', '{}', now(), now()
	FROM (VALUES ('public', 'auto'), ('private', 'invite')) AS kinds (v, p), generate_series(1, 12)`

func TestReadsShowTheProductsRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := testkit.Conn(t, f.reads.DSN)
	_, err := conn.Exec(t.Context(), seed, f.user)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), seedGames, f.user)
	require.NoError(t, err)

	code, text := f.do("GET", "/row", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, f.user.String())
	code, text = f.do("GET", "/json", "")
	require.Equal(t, http.StatusOK, code)
	require.True(t, json.Valid([]byte(text)))
	for _, path := range []string{"/public", "/mine"} {
		code, text = f.do("GET", path, "")
		require.Equal(t, http.StatusOK, code, text)
		var list struct {
			Items []struct {
				ID    uuid.UUID       `json:"game_id"`
				Turns json.RawMessage `json:"turns"`
			} `json:"items"`
			Next *string `json:"next_cursor"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &list), path)
		require.Len(t, list.Items, 10, path)
		require.NotNil(t, list.Next, path)
		require.NotEqual(t, list.Items[0].ID, list.Items[9].ID)
		require.JSONEq(t, `{"mode":"manual"}`, string(list.Items[3].Turns))
	}
	f.stop()
	require.NoError(t, <-f.ended)
}

func TestSignInWritesOneRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	challenge := uuid.New()
	code, text := f.do("POST", "/insert", `{"challenge_id":"`+challenge.String()+`","code":"K7QM3XZP",
		"client_public_key":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=","time_zone":"Europe/Amsterdam","language":"en","device":{"name":"Pixel 9"}}`)
	require.Equal(t, http.StatusOK, code, text)
	var made struct {
		Session uuid.UUID `json:"device_session_id"`
		User    uuid.UUID `json:"user_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &made))
	var rows, key int
	require.NoError(t, testkit.Conn(t, f.writes).QueryRow(t.Context(), `SELECT count(*), max(length(public_key)) FROM sign_ins
		WHERE session_id = $1 AND user_id = $2 AND challenge_id = $3`, made.Session, made.User, challenge).Scan(&rows, &key))
	require.Equal(t, [2]int{1, 32}, [2]int{rows, key})
}

func TestEachRequestIsCountedByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 3 {
		code, text := f.do("GET", "/seen", "")
		require.Equal(t, http.StatusOK, code, text)
	}
	var counted int
	require.NoError(t, testkit.Conn(t, f.writes).QueryRow(t.Context(), `SELECT count FROM counters WHERE user_id = $1`, f.user).Scan(&counted))
	require.Equal(t, 3, counted)
}
