package smtpsink_test

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

// client speaks SMTP line by line, as no library would.
type client struct {
	t    *testing.T
	conn net.Conn
	text *textproto.Conn
}

// dial connects and reads the greeting.
func dial(t *testing.T, s *smtpsink.Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: t, conn: conn, text: textproto.NewConn(conn)}
	_, _, err = c.text.ReadResponse(220)
	require.NoError(t, err)
	return c
}

// says sends a line and returns the code and the text of the reply.
func (c *client) says(line string) (int, string) {
	c.t.Helper()
	require.NoError(c.t, c.text.PrintfLine("%s", line))
	code, text, err := c.text.ReadResponse(0)
	require.NoError(c.t, err, line)
	return code, text
}

// follows sends lines and compares the codes of their replies.
func (c *client) follows(lines []string, want []int) {
	c.t.Helper()
	var codes []int
	for _, line := range lines {
		code, _ := c.says(line)
		codes = append(codes, code)
	}
	require.Equal(c.t, want, codes, strings.Join(lines, " / "))
}

func TestCommandsHaveAnOrder(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	const from, to = "MAIL FROM:<galaxy@example.com>", "RCPT TO:<ada@example.com>"
	for name, c := range map[string]struct {
		lines []string
		want  []int
	}{
		"a mail":                     {[]string{"EHLO x", from, to, "DATA", "Subject: a\r\n\r\ntext\r\n.", "QUIT"}, []int{250, 250, 250, 354, 250, 221}},
		"HELO is enough":             {[]string{"HELO x", from, to, "DATA", "text\r\n."}, []int{250, 250, 250, 354, 250}},
		"two mails in one session":   {[]string{from, to, "DATA", "a\r\n.", from, to, "DATA", "b\r\n."}, []int{250, 250, 354, 250, 250, 250, 354, 250}},
		"commands in any case":       {[]string{"ehlo x", "mail from:<a@b>", "Rcpt To:<c@d>"}, []int{250, 250, 250}},
		"a recipient without a mail": {[]string{to}, []int{503}},
		"a text without a recipient": {[]string{from, "DATA"}, []int{250, 503}},
		"a mail within a mail":       {[]string{from, from}, []int{250, 503}},
		"RSET ends a mail":           {[]string{from, to, "RSET", "DATA", from}, []int{250, 250, 250, 503, 250}},
		"EHLO ends a mail":           {[]string{from, to, "EHLO x", "DATA"}, []int{250, 250, 250, 503}},
		"a bounce has no sender":     {[]string{"MAIL FROM:<>", to}, []int{250, 250}},
		"parameters are ignored":     {[]string{from + " SIZE=100 BODY=8BITMIME", to + " NOTIFY=NEVER"}, []int{250, 250}},
		"a sender without brackets":  {[]string{"MAIL FROM:galaxy@example.com"}, []int{501}},
		"a sender without an end":    {[]string{"MAIL FROM:<galaxy"}, []int{501}},
		"a sender of nothing":        {[]string{"MAIL"}, []int{501}},
		"a recipient of nobody":      {[]string{from, "RCPT TO:<>"}, []int{250, 501}},
		"a keyword too many":         {[]string{"MAIL TO:<a@b>"}, []int{501}},
		"an unknown command":         {[]string{"VRFY ada", "", "NOOP"}, []int{500, 500, 250}},
		"no TLS is offered":          {[]string{"STARTTLS"}, []int{502}},
		"no authentication":          {[]string{"AUTH PLAIN AGEAYg=="}, []int{502}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dial(t, s).follows(c.lines, c.want)
		})
	}
}

func TestGreetingOffersWhatIsThere(t *testing.T) {
	t.Parallel()
	config, _, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	full := listen(t, smtpsink.Config{TLS: config, Users: map[string]string{"backend": "secret"}, MaxBytes: 1000})
	_, offered := dial(t, full).says("EHLO x")
	require.Equal(t, "sink\nPIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nSTARTTLS\nAUTH PLAIN LOGIN\nSIZE 1000", offered)

	_, offered = dial(t, listen(t, smtpsink.Config{})).says("EHLO x")
	require.NotContains(t, offered, "STARTTLS")
	require.NotContains(t, offered, "AUTH")
	_, plain := dial(t, full).says("HELO x")
	require.Equal(t, "sink", plain, "HELO asks for no extensions")
}

func TestAuthenticationsThatFail(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{Users: map[string]string{"backend": "secret"}})
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, c := range map[string]struct {
		lines []string
		want  []int
	}{
		"PLAIN at once":          {[]string{"AUTH PLAIN " + encode("\x00backend\x00secret"), "MAIL FROM:<a@b>"}, []int{235, 250}},
		"PLAIN when asked":       {[]string{"AUTH PLAIN", encode("\x00backend\x00secret")}, []int{334, 235}},
		"LOGIN":                  {[]string{"AUTH LOGIN", encode("backend"), encode("secret")}, []int{334, 334, 235}},
		"LOGIN with the name":    {[]string{"AUTH login " + encode("backend"), encode("secret")}, []int{334, 235}},
		"a wrong password":       {[]string{"AUTH PLAIN " + encode("\x00backend\x00guess"), "MAIL FROM:<a@b>"}, []int{535, 530}},
		"an unknown name":        {[]string{"AUTH PLAIN " + encode("\x00somebody\x00secret")}, []int{535}},
		"the password of nobody": {[]string{"AUTH PLAIN " + encode("\x00\x00")}, []int{535}},
		"no base64":              {[]string{"AUTH PLAIN !!!"}, []int{535}},
		"too few parts":          {[]string{"AUTH PLAIN " + encode("backend")}, []int{535}},
		"another mechanism":      {[]string{"AUTH CRAM-MD5"}, []int{504}},
		"a second attempt":       {[]string{"AUTH PLAIN AAAA", "AUTH PLAIN " + encode("\x00backend\x00secret")}, []int{535, 235}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dial(t, s).follows(c.lines, c.want)
		})
	}
}

func TestTLSBeginsTheSessionAfresh(t *testing.T) {
	t.Parallel()
	config, _, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	c := dial(t, listen(t, smtpsink.Config{TLS: config}))
	c.follows([]string{"MAIL FROM:<a@b>", "STARTTLS"}, []int{250, 220})
	upgraded := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, upgraded.HandshakeContext(t.Context()))
	c.text = textproto.NewConn(upgraded)

	c.follows([]string{"RCPT TO:<c@d>", "STARTTLS"}, []int{503, 502})
}

func TestHandshakeThatFailsEndsTheSession(t *testing.T) {
	t.Parallel()
	config, _, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	c := dial(t, listen(t, smtpsink.Config{TLS: config}))
	c.follows([]string{"STARTTLS"}, []int{220})
	require.NoError(t, c.text.PrintfLine("this is no handshake"))

	_, err = c.text.ReadLine() // an alert, which is no line
	for err == nil {
		_, err = c.text.ReadLine()
	}
	require.Error(t, err)
}

func TestLinesThatBeginWithADotArriveWhole(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	c := dial(t, s)
	c.follows([]string{mailLine, rcptLine, "DATA", "Subject: dots\r\n\r\n..one\r\n...two\r\n."}, []int{250, 250, 354, 250})
	require.Equal(t, ".one\n..two\n", s.To("ada@example.com")[0].Text)
}

func TestEnvelopeCountsAndNotTheHeader(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	c := dial(t, s)
	c.follows([]string{"MAIL FROM:<real@example.com>", "RCPT TO:<ada@example.com>", "RCPT TO:<bob@example.com>", "DATA",
		"From: shown@example.com\r\nTo: eve@example.com\r\n\r\n\r\n."}, []int{250, 250, 250, 354, 250})
	m := s.To("bob@example.com")[0]
	require.Equal(t, "real@example.com", m.From)
	require.Equal(t, []string{"ada@example.com", "bob@example.com"}, m.To)
	require.Empty(t, s.To("eve@example.com"))
}

func TestSessionGoesOnAfterAMailThatIsTooLarge(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{MaxBytes: 64})
	c := dial(t, s)
	const from, to = "MAIL FROM:<a@b>", "RCPT TO:<ada@example.com>"
	c.follows([]string{from, to, "DATA", strings.Repeat("x", 100) + "\r\n."}, []int{250, 250, 354, 552})
	c.follows([]string{from, to, "DATA", "small\r\n."}, []int{250, 250, 354, 250})
	require.Len(t, s.All(), 1)
}

func TestMailThatIsCutShortIsNotKept(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	c := dial(t, s)
	c.follows([]string{"MAIL FROM:<a@b>", "RCPT TO:<ada@example.com>", "DATA"}, []int{250, 250, 354})
	require.NoError(t, c.text.PrintfLine("half of a"))
	require.NoError(t, c.conn.Close())

	require.NoError(t, s.Close(t.Context())) // the session has ended
	require.Empty(t, s.All())
}
