package game

import "slices"

// State is where a game is in its life.
type State string

// The states of a game.
const (
	Draft          State = "draft"
	EnrollmentOpen State = "enrollment_open"
	ReadyToStart   State = "ready_to_start"
	Starting       State = "starting"
	StartFailed    State = "start_failed"
	Running        State = "running"
	Paused         State = "paused"
	Finished       State = "finished"
	Cancelled      State = "cancelled"
)

// States lists all of them, in the order of a game's life.
func States() []State {
	return []State{Draft, EnrollmentOpen, ReadyToStart, Starting, StartFailed, Running, Paused, Finished, Cancelled}
}

// Terminal reports whether nothing can happen to the game any more.
func (s State) Terminal() bool { return s == Finished || s == Cancelled }

// Verb is what moves a game from state to state.
type Verb string

// The verbs. The last three are the system's.
const (
	Open       Verb = "open"
	Close      Verb = "close"
	Start      Verb = "start"
	Retry      Verb = "retry"
	Pause      Verb = "pause"
	Resume     Verb = "resume"
	Cancel     Verb = "cancel"
	ForceStart Verb = "force-start"
	ForceStop  Verb = "force-stop"
	Started    Verb = "started"
	Failed     Verb = "failed"
	Finish     Verb = "finish"
)

// rank is who acts. A higher one may do what a lower one may.
type rank int

const (
	owner rank = iota
	operator
	system
)

// transition is one row of the table: from any of these states to one.
type transition struct {
	verb    Verb
	minRank rank
	from    []State
	to      State
}

// transitions is all that can happen to a game. A verb may have several rows.
var transitions = []transition{
	{Open, owner, []State{Draft}, EnrollmentOpen},
	{Close, owner, []State{EnrollmentOpen}, ReadyToStart},
	{Start, owner, []State{ReadyToStart}, Starting},
	{ForceStart, operator, []State{EnrollmentOpen, ReadyToStart}, Starting},
	{Started, system, []State{Starting}, Running},
	{Failed, system, []State{Starting}, StartFailed},
	{Retry, owner, []State{StartFailed}, Starting},
	{Pause, owner, []State{Running}, Paused},
	{Resume, owner, []State{Paused}, Running},
	{Finish, system, []State{Running, Paused}, Finished},
	{Cancel, owner, []State{Draft, EnrollmentOpen, ReadyToStart, StartFailed}, Cancelled},
	{Cancel, operator, []State{Starting, Running, Paused}, Cancelled},
	{ForceStop, operator, []State{Running, Paused}, Cancelled},
}

// next is where the verb leads from a state, or ErrState naming both.
func next(from State, verb Verb, by rank) (State, error) {
	to := State("")
	for _, t := range transitions {
		if t.verb != verb {
			continue
		}
		to = t.to
		if by >= t.minRank && slices.Contains(t.from, from) {
			return t.to, nil
		}
	}
	return from, ErrState.With("state", from).With("wanted", to)
}

// The reasons of a pause.
const (
	ByUser           = "user"
	ByOperator       = "operator"
	GenerationFailed = "generation_failed"
	EngineCrashed    = "engine_crashed"
	AllMissed        = "all_missed"
	StateMismatch    = "state_mismatch"
)
