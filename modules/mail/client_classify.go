package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"

	gomail "github.com/wneessen/go-mail"
)

// classify says what an error of a send means for the mail. Whether the message
// was accepted decides first: go-mail reports a failed RSET or QUIT as an
// error of a message that the relay has long taken.
func classify(msg *gomail.Msg, err error) (Outcome, string) {
	if err == nil || msg.IsDelivered() {
		return Delivered, ""
	}
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return RelayFault, "the relay could not be used: " + describeRelayError(err) // dial, greeting, TLS, AUTH
	}
	switch code := se.ErrorCode(); {
	case se.Reason == gomail.ErrGetSender, se.Reason == gomail.ErrGetRcpts, se.Reason == gomail.ErrNoUnencoded:
		return Invalid, "no message could be made of the delivery"
	case code == 530, code == 534, code == 535, code == 538: // RFC 4954: about us, not about the mail
		return RelayFault, fmt.Sprintf("the relay requires other authentication: %d %s", code, se.EnhancedStatusCode())
	case code >= 500 && se.Reason == gomail.ErrSMTPMailFrom: // it refuses our address, whoever the mail is for
		return RelayFault, fmt.Sprintf("the relay refuses the sender BACKEND_SMTP_FROM: %d %s", code, se.EnhancedStatusCode())
	case code >= 500:
		return Rejected, fmt.Sprintf("the relay refused it: %d %s", code, se.EnhancedStatusCode())
	case code >= 400:
		return Transient, fmt.Sprintf("the relay deferred it: %d %s", code, se.EnhancedStatusCode())
	case se.Reason == gomail.ErrSMTPDataClose:
		return Unknown, "the connection broke after the message was handed over"
	case se.Reason == gomail.ErrConnCheck:
		return RelayFault, "the connection to the relay was lost"
	default:
		return Transient, "the connection broke while the message was handed over"
	}
}

// describeRelayError says what is wrong with the relay, for operators. It quotes
// nothing of what the relay sent: AUTH goes over this connection.
func describeRelayError(err error) string {
	var (
		reply *textproto.Error
		cert  *tls.CertificateVerificationError
		plain tls.RecordHeaderError
		dns   *net.DNSError
		op    *net.OpError
	)
	switch {
	case errors.As(err, &reply):
		return fmt.Sprintf("it answered %d", reply.Code)
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.As(err, &plain):
		return "it does not speak TLS"
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "it did not answer in time"
	case errors.Is(err, io.EOF), errors.As(err, &op) && op.Op != "dial":
		return "it closed the connection"
	case op != nil:
		return "it cannot be connected to"
	}
	return "it does not offer the TLS or AUTH that is asked for"
}
