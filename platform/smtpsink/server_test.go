package smtpsink_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

func TestServerThatCannotListenSaysWhy(t *testing.T) {
	t.Parallel()
	taken := listen(t, smtpsink.Config{})
	_, err := smtpsink.Listen(smtpsink.Config{Addr: taken.Addr().String()})
	require.ErrorContains(t, err, "listen for mail")
	_, err = smtpsink.Listen(smtpsink.Config{Implicit: true})
	require.ErrorContains(t, err, "implicit TLS needs a TLS configuration")
}

func TestMailThatCannotBeKeptIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	store, err := smtpsink.OpenStore(dir, 0)
	require.NoError(t, err)
	s := listen(t, smtpsink.Config{Store: store})
	require.NoError(t, os.RemoveAll(dir)) // as a disk that is gone

	dial(t, s).follows([]string{mailLine, rcptLine, "DATA", "text\r\n."}, []int{250, 250, 354, 451})

	require.Empty(t, s.All(), "a message that was not acknowledged is not shown")
}

func TestStoreIsSharedByServers(t *testing.T) {
	t.Parallel()
	store, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	first, second := listen(t, smtpsink.Config{Store: store}), listen(t, smtpsink.Config{Store: store})
	for _, s := range []*smtpsink.Server{first, second} {
		dial(t, s).follows([]string{mailLine, rcptLine, "DATA", "text\r\n."}, []int{250, 250, 354, 250})
	}
	require.Len(t, store.All(), 2)
}

func TestClosedServerTakesNoConnections(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	addr := s.Addr().String()
	require.NoError(t, s.Close(t.Context()))
	_, err := net.Dial("tcp", addr)
	require.Error(t, err)
}

func TestCloseEndsSessionsThatWait(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Mail, Then: smtpsink.Hang})
	idle, hanging := dial(t, s), dial(t, s)
	require.NoError(t, hanging.text.PrintfLine(mailLine))
	require.Eventually(t, func() bool { return s.Seen(smtpsink.Mail) == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()

	require.NoError(t, s.Close(ctx))

	for _, c := range []*client{idle, hanging} {
		_, err := c.text.ReadLine()
		require.Error(t, err)
	}
}
