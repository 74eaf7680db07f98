package smtpsink_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

const (
	mailLine = "MAIL FROM:<galaxy@example.com>"
	rcptLine = "RCPT TO:<ada@example.com>"
)

func TestFirstRuleThatFitsIsUsed(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(
		smtpsink.Rule{At: smtpsink.Mail, Contains: "nobody", Reply: "550 5.1.0 not you"},
		smtpsink.Rule{At: smtpsink.Mail, Reply: "451 4.3.0 later", Times: 2},
		smtpsink.Rule{At: smtpsink.Mail, Reply: "452 4.3.1 full"},
	)
	dial(t, s).follows([]string{mailLine, "MAIL FROM:<nobody@x>", mailLine, mailLine}, []int{451, 550, 451, 452})
	require.Equal(t, 4, s.Seen(smtpsink.Mail))
}

func TestNewRulesReachSessionsUnderWay(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Mail, Reply: "451 4.3.0 later"})
	c := dial(t, s)
	c.follows([]string{mailLine}, []int{451})
	s.Use()
	c.follows([]string{mailLine}, []int{250})
}

func TestCommandThatWasRefusedDidNotHappen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at    string
		lines []string
		want  []int
	}{
		"a sender":    {smtpsink.Mail, []string{mailLine, rcptLine}, []int{451, 503}},
		"a recipient": {smtpsink.Rcpt, []string{mailLine, rcptLine, "DATA"}, []int{250, 451, 503}},
		"a text":      {smtpsink.Data, []string{mailLine, rcptLine, "DATA", "NOOP"}, []int{250, 250, 451, 250}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, smtpsink.Config{})
			s.Use(smtpsink.Rule{At: c.at, Reply: "451 4.3.0 later"})
			dial(t, s).follows(c.lines, c.want)
		})
	}
}

func TestRefusedUserIsNotSignedIn(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{Users: map[string]string{"backend": "secret"}})
	s.Use(smtpsink.Rule{At: smtpsink.Auth, Reply: "454 4.7.0 later", Times: 1})
	const auth = "AUTH PLAIN AGJhY2tlbmQAc2VjcmV0"
	dial(t, s).follows([]string{auth, mailLine, auth, mailLine}, []int{454, 530, 235, 250})
}

func TestReply421EndsTheSession(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "421 4.3.2 closing"})
	c := dial(t, s)
	c.follows([]string{mailLine, rcptLine}, []int{250, 421})
	_, err := c.text.ReadLine()
	require.ErrorIs(t, err, io.EOF)
}

func TestHangupKeepsTheReplyThatItWasGiven(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.End, Reply: "250 2.0.0 kept", Then: smtpsink.Hangup, Keep: true})
	c := dial(t, s)
	c.follows([]string{mailLine, rcptLine, "DATA", "text\r\n."}, []int{250, 250, 354, 250})
	_, err := c.text.ReadLine()
	require.ErrorIs(t, err, io.EOF)
	require.Len(t, s.All(), 1)
}

func TestAcceptingReplyOfARuleKeepsTheMail(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.End, Reply: "251 2.0.0 forwarded"})
	c := dial(t, s)
	c.follows([]string{mailLine, rcptLine, "DATA", "text\r\n."}, []int{250, 250, 354, 251})
	require.Len(t, s.All(), 1)
}

func TestDelayComesBeforeTheReply(t *testing.T) {
	t.Parallel()
	s := listen(t, smtpsink.Config{})
	s.Use(smtpsink.Rule{At: smtpsink.Mail, Delay: 50 * time.Millisecond})
	c := dial(t, s)
	begin := time.Now()
	c.follows([]string{mailLine}, []int{250})
	require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)
}
