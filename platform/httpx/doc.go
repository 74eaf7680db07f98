// Package httpx serves HTTP: four surfaces of route tables, the probes and the
// documents. It is the only package that knows echo; modules hand it plain
// functions.
//
//	httpx.User("lobby",
//		httpx.Route{Op: "createGame", Method: "POST", Path: "/lobby/games", Handle: httpx.JSON(201, h.create)},
//		httpx.Route{Op: "getGame", Method: "GET", Path: "/lobby/games/{game_id}", Handle: httpx.JSON(200, h.get)})
//
// Every surface is an echo group, and every check an echo.MiddlewareFunc
// (app.go lists them). A request passes them in this order, and the first that
// fails answers:
//
//  1. declared size (413), content type (415);
//  2. the gateway credential (401 gateway_unauthenticated), then the surface's
//     own authentication: X-User-ID and the UserGate, or Basic, the AdminGate
//     and the role of the route;
//  3. path, query and header parameters (400 invalid_request);
//  4. the body's syntax: one value, no duplicate or unknown field, valid
//     Unicode (400 invalid_request); then its schema (422 validation_failed);
//  5. the handler: existence, ownership, state.
//
// Errors of all of them are answered and logged by one HTTPErrorHandler.
//
// The shape of parameters and bodies comes from openapi.yaml alone. At boot
// every route is looked up there by its Op; one that is missing there, or bound
// to other parameters than the document names, stops the boot.
//
// docs/decisions/0019-echo-as-its-community-uses-it.md says where this differs
// from what echo does by itself, why, and what it costs.
package httpx
