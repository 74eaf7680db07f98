package notification

import (
	"encoding/json"
	"math"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/google/uuid"
)

// Payload is what a notification says. Every kind has a type of its own, and no
// other package adds one. As JSON it is the form that is stored, that the inbox
// shows and that the kind's mail template takes its values from.
type Payload interface {
	// Kind is the kind that the type belongs to.
	Kind() Kind
	// required lists the fields that may not be empty.
	required() []field
}

// pushed is the payload of a kind that has the push channel.
type pushed interface {
	Payload
	// table is the payload in the form that clients decode.
	table() table
}

// table is the object form of a FlatBuffers table.
type table interface {
	Pack(b *flatbuffers.Builder) flatbuffers.UOffsetT
}

// GameRef names the game that a payload is about.
type GameRef struct {
	ID   uuid.UUID `json:"game_id"`
	Name string    `json:"game_name"`
}

func (g GameRef) required() []field {
	return []field{idField("game_id", g.ID), textField("game_name", g.Name)}
}

// RaceNames is a list that is an empty one in JSON, and never null.
type RaceNames []string

// MarshalJSON implements json.Marshaler.
func (n RaceNames) MarshalJSON() ([]byte, error) { return json.Marshal(n.list()) }

func (n RaceNames) list() []string { return append([]string{}, n...) }

// field is one that may not be empty, by its name in JSON.
type field struct {
	name  string
	empty bool
}

func idField(name string, id uuid.UUID) field   { return field{name, id == uuid.Nil} }
func textField(name, text string) field         { return field{name, text == ""} }
func timeField(name string, at time.Time) field { return field{name, at.IsZero()} }

// pack writes the table of a payload.
func pack(t table) []byte {
	b := flatbuffers.NewBuilder(256)
	b.Finish(t.Pack(b))
	return b.FinishedBytes()
}

// turnNumber is a turn in the tables' type. Turns are no larger in the database.
func turnNumber(turn int) int32 {
	return int32(max(math.MinInt32, min(turn, math.MaxInt32)))
}

// unixMilli is a time in the tables' form, where zero means that there is none.
func unixMilli(at *time.Time) int64 {
	if at == nil {
		return 0
	}
	return at.UnixMilli()
}

// event is a notification on its way through push.
type event struct {
	kind    Kind
	payload []byte
}

func (e event) Kind() string             { return string(e.kind) }
func (e event) Marshal() ([]byte, error) { return e.payload, nil }
