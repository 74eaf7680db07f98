package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// Phase separates the random streams of one turn.
type Phase uint8

// Phases that draw random numbers.
const (
	PhaseGenerator  Phase = 1
	PhaseRaceOrder  Phase = 2
	PhaseColonising Phase = 3
	PhaseBattle1    Phase = 11 // before movement; id is the planet's number
	PhaseBattle2    Phase = 12 // after movement; id is the planet's number
)

// Stream is the random source of one decision. Streams are independent: a draw
// more in one phase shifts no other, and battles could be fought in any order.
func Stream(seed uint64, turn uint32, phase Phase, id uint32) *rand.Rand {
	var key [17]byte
	binary.BigEndian.PutUint64(key[0:], seed)
	binary.BigEndian.PutUint32(key[8:], turn)
	key[12] = byte(phase)
	binary.BigEndian.PutUint32(key[13:], id)
	sum := sha256.Sum256(key[:])
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[0:]), binary.BigEndian.Uint64(sum[8:])))
}
