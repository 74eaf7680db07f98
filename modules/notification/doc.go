// Package notification tells people what happened to them and their games: it
// turns an intent of a domain into one notification with a route per recipient
// and channel.
//
// It owns notifications, notification_recipients (the inbox), notification_routes
// and notification_malformed. The catalogue of kinds is closed: whoever builds a
// producer adds its kind and its payload's type here, its FlatBuffers table, its
// mail template and the migration's CHECK value.
//
// What always holds:
//
//   - A notification exists if and only if the change that it tells of does:
//     Submit writes in the caller's transaction.
//   - One notification per (kind, idempotency key), whoever submits it again.
//   - Push leaves with the commit. A crash between the commit and the push loses
//     the push; the gateway sees the gap in its stream, and the inbox has it.
//   - E-mail routes are claimed with a lease and turned into mail deliveries
//     under the route's id as idempotency key: a repeat makes no second mail.
//   - A payload that does not fit its kind is kept as malformed and logged. It
//     neither fails the caller's transaction nor goes out half empty.
//   - The inbox and the routes to somebody go when the account is erased, not
//     before: it can come back until then.
//   - Operators' kinds go to BACKEND_NOTIFICATION_ADMIN_EMAIL. Without it their
//     routes are recorded as skipped, and the log says so at start.
package notification
