package smtpsink_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/wneessen/go-mail"
	"go.uber.org/goleak"

	"galaxy/backend/platform/smtpsink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T, cfg smtpsink.Config) *smtpsink.Server {
	t.Helper()
	s, err := smtpsink.Listen(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s
}

// send delivers one mail as the backend does.
func send(t *testing.T, s *smtpsink.Server, to string, options ...mail.Option) (*mail.Msg, error) {
	t.Helper()
	msg := mail.NewMsg()
	require.NoError(t, msg.From("galaxy@example.com"))
	require.NoError(t, msg.To(to))
	msg.Subject("Schlüssel für dich")
	msg.SetMessageIDWithValue("d1@example.com")
	msg.SetBodyString(mail.TypeTextPlain, "Your code: K7QM-3XZP\n.\ngrüße\n")
	options = append([]mail.Option{
		mail.WithPort(s.Addr().Port), mail.WithTLSPolicy(mail.NoTLS), mail.WithHELO("backend"), mail.WithTimeout(5 * time.Second),
	}, options...)
	client, err := mail.NewClient("127.0.0.1", options...)
	require.NoError(t, err)
	return msg, client.DialAndSendWithContext(t.Context(), msg)
}

func TestMessageIsReadAsItWasMeant(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	_, err := send(t, s, "ada@example.com")
	require.NoError(t, err)
	got, err := s.Wait(t.Context(), smtpsink.SentTo("ADA@example.com", ""))
	require.NoError(t, err)
	require.Equal(t, "Schlüssel für dich", got.Subject)
	require.Equal(t, "galaxy@example.com", got.From)
	require.Equal(t, []string{"ada@example.com"}, got.To)
	require.Equal(t, "<d1@example.com>", got.MessageID)
	require.Equal(t, "Your code: K7QM-3XZP\n.\ngrüße\n", got.Text)
	require.False(t, got.TLS)
}

func TestPlainPartOfAMultipartIsShown(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	raw := strings.ReplaceAll(`Subject: two
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/html

<b>no</b>
--b
Content-Type: text/plain
Content-Transfer-Encoding: base64

eWVz
--b--
--a--
`, "\n", "\r\n")
	m, err := s.Add(smtpsink.Message{Raw: []byte(raw)})
	require.NoError(t, err)
	require.Equal(t, "yes", m.Text)
}

func TestUnreadableMailShowsAsItCame(t *testing.T) {
	t.Parallel()
	s, err := smtpsink.OpenStore("", 0)
	require.NoError(t, err)
	m, err := s.Add(smtpsink.Message{Raw: []byte("no header at all")})
	require.NoError(t, err)
	require.Equal(t, "no header at all", m.Text)
}

func TestTLSAndAuthentication(t *testing.T) {
	t.Parallel()
	config, certPEM, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certPEM))
	trust := mail.WithTLSConfig(&tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	users := map[string]string{"galaxy": "s3cret"}

	for _, mechanism := range []mail.SMTPAuthType{mail.SMTPAuthPlain, mail.SMTPAuthLogin} {
		starttls := listen(t, smtpsink.Config{TLS: config, Users: users})
		_, err = send(t, starttls, "ada@example.com", trust, mail.WithTLSPolicy(mail.TLSMandatory),
			mail.WithSMTPAuth(mechanism), mail.WithUsername("galaxy"), mail.WithPassword("s3cret"))
		require.NoError(t, err)
		require.True(t, starttls.All()[0].TLS)
		require.Equal(t, "galaxy", starttls.All()[0].User)

		_, err = send(t, starttls, "ada@example.com", trust, mail.WithTLSPolicy(mail.TLSMandatory),
			mail.WithSMTPAuth(mechanism), mail.WithUsername("galaxy"), mail.WithPassword("guess"))
		require.ErrorContains(t, err, "535")
		require.Len(t, starttls.All(), 1)
	}

	implicit := listen(t, smtpsink.Config{TLS: config, Implicit: true})
	_, err = send(t, implicit, "ada@example.com", trust, mail.WithSSL())
	require.NoError(t, err)
	require.Len(t, implicit.All(), 1)
}

func TestAnonymousMailIsRefusedWhereUsersAreSet(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{Users: map[string]string{"galaxy": "s3cret"}})
	_, err := send(t, s, "ada@example.com")
	require.ErrorContains(t, err, "530")
}

func TestScriptedReplies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule      smtpsink.Rule
		kept      int
		delivered bool // by go-mail's account, which the outbox goes by
		code      int
	}{
		"greeting 421":          {rule: smtpsink.Rule{At: smtpsink.Connect, Reply: "421 busy"}},
		"greeting never":        {rule: smtpsink.Rule{At: smtpsink.Connect, Then: smtpsink.Hang}},
		"MAIL 451":              {rule: smtpsink.Rule{At: smtpsink.Mail, Reply: "451 4.3.0 later"}, code: 451},
		"RCPT 550":              {rule: smtpsink.Rule{At: smtpsink.Rcpt, Contains: "ada", Reply: "550 5.1.1 unknown"}, code: 550},
		"RCPT of somebody else": {rule: smtpsink.Rule{At: smtpsink.Rcpt, Contains: "bob", Reply: "550 5.1.1 unknown"}, kept: 1, delivered: true},
		"DATA 452":              {rule: smtpsink.Rule{At: smtpsink.Data, Reply: "452 4.2.2 full"}, code: 452},
		"dot 554":               {rule: smtpsink.Rule{At: smtpsink.End, Reply: "554 5.7.1 spam"}, code: 554},
		"reset after the dot":   {rule: smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Reset}},
		"250 lost":              {rule: smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Reset, Keep: true}, kept: 1},
		"RSET fails":            {rule: smtpsink.Rule{At: smtpsink.Rset, Then: smtpsink.Hangup}, kept: 1, delivered: true},
		"QUIT 421":              {rule: smtpsink.Rule{At: smtpsink.Quit, Reply: "421 bye"}, kept: 1, delivered: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, smtpsink.Config{})
			s.Use(tc.rule)
			msg, err := send(t, s, "ada@example.com", mail.WithTimeout(300*time.Millisecond))
			if tc.rule.Contains != "bob" {
				require.Error(t, err)
			}
			require.Equal(t, tc.delivered, msg.IsDelivered())
			require.Len(t, s.All(), tc.kept)
			var sent *mail.SendError
			if tc.code != 0 {
				require.ErrorAs(t, err, &sent)
				require.Equal(t, tc.code, sent.ErrorCode())
			}
			require.Positive(t, s.Seen(tc.rule.At))
		})
	}
}

func TestRuleWearsOff(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.7.1 greylisted", Times: 1})
	_, err := send(t, s, "ada@example.com")
	require.ErrorContains(t, err, "greylisted")
	_, err = send(t, s, "ada@example.com")
	require.NoError(t, err)
}

func TestTooLargeMailIsRefused(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{MaxBytes: 100})
	_, err := send(t, s, "ada@example.com")
	require.ErrorContains(t, err, "552")
	require.Empty(t, s.All())
}

func TestCloseCutsAHangingSession(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Connect, Delay: time.Hour})
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, s.Close(t.Context()), "closing twice is fine")
}
