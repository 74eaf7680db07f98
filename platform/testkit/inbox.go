package testkit

import (
	"context"
	"path/filepath"
	"testing"

	"galaxy/backend/platform/mmdb"
	"galaxy/backend/platform/smtpsink"
)

// Inbox is an SMTP server of a test's own. Use scripts its replies.
type Inbox struct {
	*smtpsink.Server
	t testing.TB
}

// SMTP starts an inbox that takes everything, without TLS or names.
func SMTP(t testing.TB) *Inbox {
	t.Helper()
	return SMTPWith(t, smtpsink.Config{})
}

// SMTPWith starts an inbox that demands TLS or names. smtpsink.SelfSigned makes
// a certificate.
func SMTPWith(t testing.TB, cfg smtpsink.Config) *Inbox {
	t.Helper()
	s, err := smtpsink.Listen(cfg)
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("testkit: %v", err)
		}
	})
	return &Inbox{s, t}
}

// Port is where the inbox listens on 127.0.0.1.
func (i *Inbox) Port() int { return i.Addr().Port }

// Next waits for the first mail to an address, or for the first one after the
// message with the given id.
func (i *Inbox) Next(address, after string) smtpsink.Message {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), stepTimeout)
	defer cancel()
	m, err := i.Wait(ctx, smtpsink.SentTo(address, after))
	if err != nil {
		i.t.Fatalf("testkit: no mail to %s arrived; there are %d mails", address, len(i.All()))
	}
	return m
}

// MMDB writes a country database and returns its path. mmdb.Networks says who
// is where.
func MMDB(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	if err := mmdb.WriteFile(path); err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return path
}
