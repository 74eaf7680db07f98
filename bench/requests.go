package main

import (
	"strconv"

	"github.com/google/uuid"

	"galaxy/backend/bench/internal/load"
)

// The requests are put together by hand: the loader shares the machine with
// what it measures.

// visitor is where the player's request came from, as the gateway says it.
const visitor = "X-Forwarded-For: 203.0.113.7\r\n"

func get(buf []byte, path string, user uuid.UUID) []byte {
	buf = append(buf, "GET "...)
	buf = append(buf, path...)
	return append(head(buf, user), '\r', '\n')
}

func head(buf []byte, user uuid.UUID) []byte {
	buf = append(buf, " HTTP/1.1\r\nHost: backend\r\n"+visitor...)
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

// post sends a body that is built in place: its length is known only after it.
func post(buf []byte, path string, user uuid.UUID, body []byte) []byte {
	buf = append(buf, "POST "...)
	buf = append(buf, path...)
	buf = append(head(buf, user), "Content-Type: application/json\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(body)), 10)
	buf = append(buf, "\r\n\r\n"...)
	return append(buf, body...)
}

const games = "/api/v1/user/lobby/games/"

// invitation is invite i: the next game, the next person.
func (p *people) invitation(buf []byte, i uint64) []byte {
	game := i % inviteGames
	body := append(make([]byte, 0, 128), `{"message":"Join us","user_id":"`...)
	body = append(appendID(body, p.users[inviteGames+i%invitees]), `"}`...)
	return post(buf, games+p.invite[game].String()+"/invites", p.users[game], body)
}

// application is application i to a game that seats whoever comes.
func (p *people) application(buf []byte, i uint64) []byte {
	who := int(i % peopleCount)
	body := append(make([]byte, 0, 128), `{"message":"","race_name":"`...)
	body = append(append(body, raceName(who)...), `"}`...)
	return post(buf, games+p.auto[i%autoGames].String()+"/applications", p.users[who], body)
}

// creation is a new private game, of everybody in turn.
func (p *people) creation(buf []byte, i uint64) []byte {
	return post(buf, games[:len(games)-1], p.users[inviteGames+listOwners+i%(peopleCount-inviteGames-listOwners)], newGame)
}

// command is what the bare path is sent: as large, about as many games.
func (p *people) command(buf []byte, i uint64) []byte {
	body := append(make([]byte, 0, 192), `{"game_id":"`...)
	body = append(appendID(body, p.invite[i%inviteGames]), `","user_id":"`...)
	body = append(appendID(body, p.users[i%peopleCount]), `","message":"Join us"}`...)
	return post(buf, "/bare", uuid.Nil, body)
}

// commands are the targets of G3: create, apply, invite.
func (p *people) commands(addr string) []load.Target {
	return []load.Target{
		{Addr: addr, Next: p.creation, Sequence: &p.created, Most: mostCreations},
		{Addr: addr, Next: p.application, Sequence: &p.applied, Most: mostApplications},
		{Addr: addr, Next: p.invitation, Sequence: &p.invited, Most: mostInvitations},
	}
}

// Most requests of a kind that the seed has room for.
const (
	mostInvitations  = inviteGames * invitesOfGame
	mostApplications = autoGames * seatsOfGame
	mostCreations    = (peopleCount - inviteGames - listOwners) * ownedByPlan
	ownedByPlan      = 20
)
