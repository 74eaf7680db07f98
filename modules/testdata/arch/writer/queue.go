// stands as modules/turn/worker_mutant.go

package turn

import "galaxy/backend/platform/outbox"

var mutant = outbox.Queue{Table: "mail_deliveries", Key: "delivery_id"}
