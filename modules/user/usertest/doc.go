// Package usertest stands in for user in the tests of the domains above it.
//
// Accounts does what those domains ask of *user.Accounts and *user.Service, with
// the same answers: it implements their ports and httpx.UserGate. A test says
// what is true of a user in one line, without operators, mail or hooks:
//
//	users := usertest.New(t, db, clock)
//	ada := users.Add()
//	users.SetLimit(ada.ID, user.ActiveMemberships, 1, nil)
//	users.Sanction(ada.ID, user.GameJoinBlock, "spam", nil)
//
// With testkit.Boot, which makes the database, it is constructed in the graph:
//
//	fx.Provide(func(db *pg.DB) lobby.Users { f.users = usertest.New(t, db, f.clock); return f.users }, fx.Private)
//
// Every account is a row of the table accounts as well, so that rows of other
// domains can refer to it and Lock holds a real lock. Plans, overrides and
// sanctions live in memory alone.
//
// It calls no hooks: a test that is about a deletion or a block calls the hook
// under test itself. The package's own test holds it against the real ones.
package usertest
