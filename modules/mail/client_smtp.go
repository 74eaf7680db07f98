package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// sendTimeout bounds every step of an SMTP session. go-mail's
// context covers the dial alone.
const sendTimeout = 15 * time.Second

// relay makes connections to the SMTP relay.
type relay struct {
	client *gomail.Client
	from   string
	domain string
	tracer trace.Tracer
}

func newRelay(cfg SMTPConfig) (*relay, error) {
	from, err := netmail.ParseAddress(cfg.From)
	if err != nil {
		return nil, errors.New("BACKEND_SMTP_FROM must be an e-mail address")
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	options := []gomail.Option{
		gomail.WithPort(cfg.Port), gomail.WithTimeout(sendTimeout), gomail.WithHELO(heloName(domain)),
		gomail.WithoutNoop(),
	}
	switch cfg.TLSMode {
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSStartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	}
	options = append(options, gomail.WithTLSConfig(&tls.Config{ServerName: cfg.Host, MinVersion: tls.VersionTLS12}))
	if cfg.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(cfg.Username), gomail.WithPassword(cfg.Password.Reveal()))
	}
	client, err := gomail.NewClient(cfg.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("configure the relay: %w", err)
	}
	return &relay{client: client, from: cfg.From, domain: domain, tracer: otel.Tracer("galaxy/mail")}, nil
}

// heloName names this machine as strict relays want it: with a dot.
func heloName(domain string) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	return domain
}

// connection is a connection to the relay that is reused. Its zero value is
// closed.
type connection struct {
	relay *relay
	smtp  *smtp.Client
	fresh bool // nothing was sent over it yet
}

// send hands one message over. The span carries the outcome, and no recipient.
func (c *connection) send(ctx context.Context, msg *gomail.Msg) (Outcome, string) {
	ctx, span := c.relay.tracer.Start(ctx, "smtp send", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	outcome, detail := c.sendWithRedial(ctx, msg)
	span.SetAttributes(attribute.String("outcome", string(outcome)))
	return outcome, detail
}

// sendWithRedial dials first when needed. A reused connection that the relay has
// closed meanwhile is replaced once: nothing had been accepted.
func (c *connection) sendWithRedial(ctx context.Context, msg *gomail.Msg) (Outcome, string) {
	for {
		if c.smtp == nil {
			if err := c.dial(ctx); err != nil {
				return RelayFault, "the relay could not be used: " + describeRelayError(err)
			}
		}
		reused := !c.fresh
		c.fresh = false
		err := c.relay.client.SendWithSMTPClient(c.smtp, msg)
		outcome, detail := classify(msg, err)
		if err != nil && !reusable(err) {
			c.abort()
			if reused && outcome != Delivered && staleConnection(err) {
				continue
			}
		}
		return outcome, detail
	}
}

// reusable reports whether the connection can be used after err: go-mail resets
// it after a refused sender or recipient, and only then.
func reusable(err error) bool {
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return false
	}
	switch se.Reason {
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrNoUnencoded:
		return true // the relay was not asked
	case gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo:
		return se.ErrorCode() >= 400 && se.ErrorCode() != 421
	}
	return false
}

// staleConnection reports that the relay had given up a reused connection: it
// answers nothing, or 421, at a step before the message itself.
func staleConnection(err error) bool {
	var se *gomail.SendError
	if !errors.As(err, &se) || se.ErrorCode() != 0 && se.ErrorCode() != 421 {
		return false
	}
	return se.Reason == gomail.ErrConnCheck || se.Reason == gomail.ErrSMTPMailFrom
}

func (c *connection) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := c.relay.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	c.smtp, c.fresh = client, true
	return nil
}

// close ends the connection with QUIT.
func (c *connection) close() {
	if c.smtp != nil {
		_ = c.relay.client.CloseWithSMTPClient(c.smtp)
		c.smtp = nil
	}
}

// abort closes the connection without a word to the relay.
func (c *connection) abort() {
	if c.smtp != nil {
		_ = c.smtp.Close()
		c.smtp = nil
	}
}

// message makes the mail of a delivery. The Message-ID is the delivery's own, so
// that a repeat can be recognised.
func (r *relay) message(d claimedDelivery) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(r.from); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if err := msg.To(d.Address); err != nil {
		return nil, errors.New("the recipient is not an address")
	}
	if d.Text == "" {
		return nil, errors.New("the payload has been removed")
	}
	msg.Subject(d.Subject)
	msg.SetMessageIDWithValue(d.ID.String() + "@" + r.domain)
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, d.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, d.HTML)
	return msg, nil
}
