package smtpsink_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

func add(t *testing.T, s *smtpsink.Store, to, subject string) smtpsink.Message {
	t.Helper()
	m, err := s.Add(smtpsink.Message{From: "galaxy@example.com", To: []string{to}, Raw: []byte("Subject: " + subject + "\r\n\r\n<b>" + subject + "</b>\r\n")})
	require.NoError(t, err)
	return m
}

func TestStoreSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := smtpsink.OpenStore(dir, 2)
	require.NoError(t, err)
	for _, subject := range []string{"one", "two", "three"} {
		add(t, s, "ada@example.com", subject)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "half.eml"), []byte("{"), 0o600))

	again, err := smtpsink.OpenStore(dir, 2)
	require.NoError(t, err)
	require.Equal(t, s.All(), again.All())
	require.Equal(t, "two", again.All()[0].Subject, "the oldest is forgotten on disk too")
	fresh := add(t, again, "ada@example.com", "four")
	got, found := again.Get(fresh.ID)
	require.True(t, found)
	require.Equal(t, "four", got.Subject)
}

func TestWaitSeesWhatIsThereAndWhatComes(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	first := add(t, s, "ada@example.com", "first")
	got, err := s.Wait(t.Context(), smtpsink.SentTo("ada@example.com", ""))
	require.NoError(t, err)
	require.Equal(t, first, got)

	later := make(chan smtpsink.Message)
	go func() {
		m, _ := s.Wait(t.Context(), smtpsink.SentTo("ada@example.com", first.ID))
		later <- m
	}()
	add(t, s, "bob@example.com", "not hers")
	second := add(t, s, "ada@example.com", "second")
	require.Equal(t, second, <-later)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Wait(ended, smtpsink.SentTo("ada@example.com", second.ID))
	require.ErrorIs(t, err, context.Canceled)
}

func fetch(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body), res.Header
}

func TestInboxPageAndAPI(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); http.DefaultClient.CloseIdleConnections() })

	_, page, _ := fetch(t, web.URL)
	require.Contains(t, page, "Nothing has arrived yet.")
	ada, bob := add(t, s, "ada@example.com", "for ada"), add(t, s, "bob@example.com", "for bob")

	_, page, _ = fetch(t, web.URL+"/?to=ada@example.com")
	require.Contains(t, page, "&lt;b&gt;for ada&lt;/b&gt;", "a mail's text is text")
	require.NotContains(t, page, "for bob")

	var list struct{ Messages []smtpsink.Message }
	_, body, _ := fetch(t, web.URL+"/api/messages?limit=1")
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	require.Len(t, list.Messages, 1)
	require.Equal(t, bob.ID, list.Messages[0].ID, "newest first")

	var one smtpsink.Message
	_, body, _ = fetch(t, web.URL+"/api/messages/"+ada.ID)
	require.NoError(t, json.Unmarshal([]byte(body), &one))
	require.Equal(t, "<b>for ada</b>\n", one.Text)

	_, body, header := fetch(t, web.URL+"/api/messages/"+ada.ID+"/raw")
	require.Equal(t, string(ada.Raw), body)
	require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))

	for _, path := range []string{"/api/messages/none", "/api/messages/none/raw", "/api/messages/latest?to=eve@example.com", "/api/messages/latest?wait=1ms&to=ada@example.com&after=" + ada.ID} {
		status, _, _ := fetch(t, web.URL+path)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	for _, path := range []string{"/api/messages/latest", "/api/messages/latest?to=a&wait=soon"} {
		status, _, _ := fetch(t, web.URL+path)
		require.Equal(t, http.StatusBadRequest, status, path)
	}
}

func TestLatestWaitsForTheNextMail(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); http.DefaultClient.CloseIdleConnections() })
	old := add(t, s, "ada@example.com", "old")

	_, body, _ := fetch(t, web.URL+"/api/messages/latest?to=ada@example.com")
	require.Contains(t, body, old.ID)

	fresh := make(chan smtpsink.Message, 1)
	go func() {
		m, _ := s.Add(smtpsink.Message{To: []string{"ada@example.com"}, Raw: []byte("Subject: fresh\r\n\r\n")})
		fresh <- m
	}()
	_, body, _ = fetch(t, web.URL+"/api/messages/latest?to=ada@example.com&wait=30s&after="+old.ID)
	require.Contains(t, body, (<-fresh).ID)
}

func TestDirectoryThatIsAFileIsNoStore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := smtpsink.OpenStore(file, 0)
	require.ErrorContains(t, err, "open the mail store")
}

func TestFilesOfAStoreAreItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	s, err := smtpsink.OpenStore(dir, 0)
	require.NoError(t, err)
	m := add(t, s, "ada@example.com", "code")
	for name, want := range map[string]os.FileMode{"": 0o700, m.ID + ".eml": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), name)
	}
}

func TestUnknownMessageIsNotFound(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 1)
	require.NoError(t, err)
	forgotten := add(t, s, "ada@example.com", "one")
	add(t, s, "ada@example.com", "two")
	for _, id := range []string{"", "zzz", forgotten.ID} {
		_, found := s.Get(id)
		require.False(t, found, id)
	}
}

func TestListOfTheCallerIsItsOwn(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	add(t, s, "ada@example.com", "one")
	s.All()[0].Subject = "changed"
	require.Equal(t, "one", s.All()[0].Subject)
}

func TestLimitOfAListIsBounded(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); http.DefaultClient.CloseIdleConnections() })
	for range 250 {
		add(t, s, "ada@example.com", "x")
	}
	for limit, want := range map[string]int{"": 200, "3": 3, "0": 200, "-1": 200, "many": 200, "1000": 200} {
		var list struct{ Messages []smtpsink.Message }
		_, body, _ := fetch(t, web.URL+"/api/messages?limit="+limit)
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		require.Len(t, list.Messages, want, limit)
	}
}

// Anybody may have written a mail: nothing of it may run in the page's name.
func TestNothingOfAMailRunsInTheBrowser(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { web.Close(); http.DefaultClient.CloseIdleConnections() })
	raw := []byte("Subject: <script>alert(2)</script>\r\n\r\n<script>alert(3)</script>")
	m, err := s.Add(smtpsink.Message{To: []string{"<script>alert(1)</script>"}, Raw: raw})
	require.NoError(t, err)

	_, page, header := fetch(t, web.URL)
	require.NotContains(t, page, "<script>alert")
	require.Equal(t, "default-src 'none'; style-src 'unsafe-inline'", header.Get("Content-Security-Policy"))
	_, _, header = fetch(t, web.URL+"/api/messages/"+m.ID+"/raw")
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	status, _, _ := fetch(t, web.URL+"/elsewhere")
	require.Equal(t, http.StatusNotFound, status)
}
