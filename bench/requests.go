package main

import (
	"strconv"

	"github.com/google/uuid"

	"galaxy/backend/bench/internal/load"
)

// The requests are formatted by hand, because the load generator uses the CPU of
// the machine that it measures.

// forwardedFor is the header with the player's address, as a gateway sends it.
const forwardedFor = "X-Forwarded-For: 203.0.113.7\r\n"

func get(buf []byte, path string, user uuid.UUID) []byte {
	buf = append(buf, "GET "...)
	buf = append(buf, path...)
	return append(head(buf, user), '\r', '\n')
}

func head(buf []byte, user uuid.UUID) []byte {
	buf = append(buf, " HTTP/1.1\r\nHost: backend\r\n"+forwardedFor...)
	if user == uuid.Nil {
		return buf
	}
	buf = append(buf, "X-User-ID: "...)
	buf = appendID(buf, user)
	return append(buf, '\r', '\n')
}

func appendID(buf []byte, id uuid.UUID) []byte {
	text, _ := id.MarshalText() // cannot fail
	return append(buf, text...)
}

// post formats a POST request.
func post(buf []byte, path string, user uuid.UUID, body []byte) []byte {
	buf = append(buf, "POST "...)
	buf = append(buf, path...)
	buf = append(head(buf, user), "Content-Type: application/json\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(body)), 10)
	buf = append(buf, "\r\n\r\n"...)
	return append(buf, body...)
}

const gamesPath = "/api/v1/user/lobby/games/"

// invitation is invite i: the next game, the next user.
func (data *dataset) invitation(buf []byte, i uint64) []byte {
	game := i % inviteGames
	body := append(make([]byte, 0, 128), `{"message":"Join us","user_id":"`...)
	body = append(appendID(body, data.users[inviteGames+i%invitees]), `"}`...)
	return post(buf, gamesPath+data.inviteGameIDs[game].String()+"/invites", data.users[game], body)
}

// application is application i, to a game that accepts every application.
func (data *dataset) application(buf []byte, i uint64) []byte {
	who := int(i % userCount)
	body := append(make([]byte, 0, 128), `{"message":"","race_name":"`...)
	body = append(append(body, raceName(who)...), `"}`...)
	return post(buf, gamesPath+data.autoGameIDs[i%autoGames].String()+"/applications", data.users[who], body)
}

// creation creates a private game, for each user in turn.
func (data *dataset) creation(buf []byte, i uint64) []byte {
	return post(buf, gamesPath[:len(gamesPath)-1], data.users[inviteGames+listOwners+i%(userCount-inviteGames-listOwners)], newGame)
}

// command is the request for the anchor's /bare: of the same size, for as many games.
func (data *dataset) command(buf []byte, i uint64) []byte {
	body := append(make([]byte, 0, 192), `{"game_id":"`...)
	body = append(appendID(body, data.inviteGameIDs[i%inviteGames]), `","user_id":"`...)
	body = append(appendID(body, data.users[i%userCount]), `","message":"Join us"}`...)
	return post(buf, "/bare", uuid.Nil, body)
}

// commands are the targets of G3: create, apply, invite.
func (data *dataset) commands(addr string) []load.Target {
	return []load.Target{
		{Addr: addr, Next: data.creation, Sequence: &data.created, MaxRequests: mostCreations},
		{Addr: addr, Next: data.application, Sequence: &data.applied, MaxRequests: mostApplications},
		{Addr: addr, Next: data.invitation, Sequence: &data.invited, MaxRequests: mostInvitations},
	}
}

// The largest numbers of requests of each kind that the seeded rows allow.
const (
	mostInvitations  = inviteGames * invitesOfGame
	mostApplications = autoGames * seatsOfGame
	mostCreations    = (userCount - inviteGames - listOwners) * ownedByPlan
	ownedByPlan      = 20
)
