// Package auth owns signing in: codes by e-mail, device sessions and their
// revocation, and the change of an address.
//
// A challenge is live until it expires or is used; a session is active until it is
// revoked, and then stays revoked.
//
// It owns auth_keys, auth_challenges and device_sessions.
//
// What always holds:
//
//   - A code is eight characters of Crockford's base32, 40 random bits. Only an
//     HMAC of it is stored, under a key that survives restarts and can be rotated;
//     the mail that shows it is scrubbed once sent. A code works once, for
//     BACKEND_AUTH_CHALLENGE_TTL, for the challenge that it was made for.
//   - An attempt is recorded and committed before the comparison, whatever the
//     client does meanwhile. At most BACKEND_AUTH_CHALLENGE_MAX_ATTEMPTS attempts
//     reach the comparison while a challenge is live; once it is used, as many
//     again, all of which can only return the session that it made.
//   - A challenge makes at most one session. Success uses up every live challenge
//     of the address.
//   - Asking for a code looks the same for known, unknown and blocked addresses:
//     same answer, same statements. Past the throttle the newest challenge is
//     answered again; past the caps per address (10 an hour, 30 a day) or network
//     (30 a minute) there is a new challenge whose mail is suppressed. An account
//     that asks for codes to other addresses has the caps of one address, whatever
//     the addresses are.
//   - A public key is 32 bytes, canonical and not of small order, and belongs to
//     one active session. The same key again for the same user replaces the session.
//   - A user has at most BACKEND_AUTH_SESSIONS_MAX active sessions; one more revokes
//     the one seen least recently.
//   - The internal look-up answers from the cache. A revocation is in the cache
//     before the call that revoked is answered, goes to the gateways with the
//     commit, and is replayed from the table to a gateway that subscribes without a
//     cursor.
//   - A sign-in from a country where the user was never seen sends a notice and
//     does nothing else.
package auth
