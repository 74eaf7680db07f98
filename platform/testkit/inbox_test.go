package testkit_test

import (
	"fmt"
	"net/netip"
	"net/smtp"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

func TestInboxWaitsForTheNextMail(t *testing.T) {
	t.Parallel()
	inbox := testkit.SMTP(t)
	addr := fmt.Sprintf("127.0.0.1:%d", inbox.Port())
	post := func(subject string) error {
		mail := []byte("Subject: " + subject + "\r\n\r\nhello\r\n")
		return smtp.SendMail(addr, nil, "galaxy@example.com", []string{"ada@example.com"}, mail)
	}
	require.NoError(t, post("one"))
	first := inbox.Next("ada@example.com", "")
	require.Equal(t, "one", first.Subject)
	sent := make(chan error, 1)
	go func() { sent <- post("two") }()
	require.Equal(t, "two", inbox.Next("ada@example.com", first.ID).Subject)
	require.NoError(t, <-sent)

	inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 unknown"})
	require.ErrorContains(t, post("three"), "550")
}

func TestCountryDatabaseIsReadable(t *testing.T) {
	t.Parallel()
	db, err := geoip2.Open(testkit.MMDB(t))
	require.NoError(t, err)
	defer db.Close()
	got, err := db.Country(netip.MustParseAddr("203.0.113.7"))
	require.NoError(t, err)
	require.Equal(t, "DE", got.Country.ISOCode)
}
