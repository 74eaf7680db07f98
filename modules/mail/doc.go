// Package mail owns outgoing e-mail: a durable outbox in front of one SMTP relay.
//
// It owns mail_deliveries, mail_recipients, mail_payloads, mail_attempts and
// mail_dead_letters. Producers call Enqueue in their own transaction: the mail
// exists if and only if the change that it announces does.
//
// What always holds:
//
//   - One delivery per (template, idempotency key). Enqueueing again answers
//     with the first.
//   - No transaction is open during an SMTP session. A delivery is claimed with
//     a lease, which is longer than its send may take, and settled under the
//     claim's token: a worker that lost its claim changes nothing.
//   - attempt_no only grows. An attempt is recorded when it begins and closed
//     once; one that a crash left open is closed as unknown by the next claim.
//   - The relay decides, IsDelivered first: an error after the message was
//     accepted is a success (go-mail reports failed RSET and QUIT as errors).
//   - Delivery is at least once. A duplicate needs an acceptance whose answer or
//     record was lost, and carries the same Message-ID.
//   - A fault of the relay itself (refused, greeting, TLS, AUTH), or its refusal
//     of our own address at MAIL FROM, whoever the mail is for, is no fault of
//     the mail: nothing is charged, the worker pauses 5 s, doubling to 5 min. A
//     relay that accepts some of the connections is used over those.
//   - The result of a send is recorded as long as its lease lasts: a database
//     that is unavailable is waited for, and a record that is refused affects
//     only its own delivery.
//   - A secret payload is scrubbed when the delivery is settled for good.
//
// Delivery states: pending → sending → sent | retrying | dead_lettered | expired;
// suppressed and cancelled are never sent. A resend moves pending, retrying and
// dead_lettered back to pending; sent is refused, and so is a scrubbed payload.
package mail
