package notification

import (
	"context"
	"fmt"

	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
)

// deadLetters tells operators of mail that was given up.
type deadLetters struct{ service *Service }

func newDeadLetters(s *Service) mail.Observer { return deadLetters{s} }

// Name implements mail.Observer.
func (deadLetters) Name() string { return "notification" }

// DeadLettered implements mail.Observer. A mail about a dead letter that dies
// itself is not reported: it would never end. A delivery that is sent again and
// dies again is told of again.
func (d deadLetters) DeadLettered(ctx context.Context, tx *pg.Tx, dead mail.DeadLetter) error {
	if dead.Template == string(MailDeadLettered) {
		return nil
	}
	return d.service.Submit(ctx, tx, Intent{Kind: MailDeadLettered, Key: fmt.Sprintf("%s:%d", dead.DeliveryID, dead.Attempt),
		Payload: map[string]any{"delivery_id": dead.DeliveryID, "template": dead.Template, "reason": dead.Reason}})
}
