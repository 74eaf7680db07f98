package mail

import (
	"errors"
	"fmt"

	gomail "github.com/wneessen/go-mail"
)

// classify says what an error of a send means for the mail. Whether the message
// was accepted has the last word: go-mail reports a failed RSET or QUIT as an
// error of a message that the relay has long taken.
func classify(msg *gomail.Msg, err error) (Outcome, string) {
	if err == nil || msg.IsDelivered() {
		return Delivered, ""
	}
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return RelayFault, "the relay could not be used" // dial, greeting, TLS, AUTH
	}
	switch code := se.ErrorCode(); {
	case se.Reason == gomail.ErrGetSender, se.Reason == gomail.ErrGetRcpts, se.Reason == gomail.ErrNoUnencoded:
		return Invalid, "no message could be made of the delivery"
	case code >= 500:
		return Rejected, fmt.Sprintf("the relay refused it: %d %s", code, se.EnhancedStatusCode())
	case code >= 400:
		return Transient, fmt.Sprintf("the relay put it off: %d %s", code, se.EnhancedStatusCode())
	case se.Reason == gomail.ErrSMTPDataClose:
		return Unknown, "the connection broke after the message was handed over"
	case se.Reason == gomail.ErrConnCheck:
		return RelayFault, "the connection to the relay was lost"
	default:
		return Transient, "the connection broke while the message was handed over"
	}
}
