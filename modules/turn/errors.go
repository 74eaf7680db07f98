package turn

import (
	"errors"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// What can be wrong with a request.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "turn not found")
	// ErrNotPlaying says that the caller's seat is not, or no longer, theirs.
	ErrNotPlaying = fault.New(fault.Forbidden, "membership_ended", "you no longer play in this game")
	ErrState      = fault.New(fault.Conflict, "game_state_conflict", "the state of the game does not allow this")
	// ErrTurnMismatch carries the game's turn as detail current_turn.
	ErrTurnMismatch = fault.New(fault.Conflict, "turn_mismatch", "the game is at another turn")
	ErrRaceNotFound = fault.New(fault.NotFound, "race_not_found", "nobody ever played this race in the game")
	ErrRaceInactive = fault.New(fault.Conflict, "race_inactive", "your race is out of play")
	ErrNoDeadline   = fault.New(fault.Conflict, "no_deadline", "the turn has no deadline")
	// ErrExtensionRefused names the latest deadline that is still possible as
	// detail latest.
	ErrExtensionRefused = fault.New(fault.Conflict, "extension_refused",
		"the deadline can only be moved to a later time, and by no more than the game allows")
	ErrNoFailedRun = fault.New(fault.Conflict, "no_failed_run", "no turn of the game waits for another attempt")
)

// errClaimLost ends a transaction whose run another runner has taken over.
var errClaimLost = errors.New("the claim on the run is lost")

// notFound turns a row that is not there into ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, pg.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// orClaimLost is err, or errClaimLost when there is none.
func orClaimLost(err error) error {
	if err == nil {
		return errClaimLost
	}
	return err
}
