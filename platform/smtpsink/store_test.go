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
