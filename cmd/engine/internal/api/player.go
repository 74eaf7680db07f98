package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// command executes one action at once.
func (e *Engine) command(
	ctx context.Context, request enginev1.CommandRequest, cmd enginev1.Command,
) (*enginev1.CommandResponse, error) {
	release, err := e.acquireWriter(ctx, e.options.LockWait)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := e.writableView()
	if err != nil {
		return nil, err
	}
	answer := &enginev1.CommandResponse{RaceName: request.RaceName, Turn: request.Turn, CommandID: request.CommandID}
	digest := commandDigest(request, cmd)
	if earlier := v.findCommand(request.CommandID); earlier != nil {
		if earlier.Digest != digest {
			return nil, newFailure(enginev1.CodeCommandConflict, "command %s was used for something else", request.CommandID)
		}
		answer.Status, answer.Replayed = earlier.Status, true
		return answer, nil
	}
	race, err := v.activeRace(request.RaceName, request.Turn)
	if err != nil {
		return nil, err
	}
	if err := validationError(game.CheckCommand(v.config(), v.live, race, cmd)); err != nil {
		return nil, err
	}
	live := v.live.Clone()
	answer.Status = game.Command(v.config(), live, race, cmd)
	entry := store.Entry{
		Kind: store.KindCommand, Race: race, ID: request.CommandID, Digest: digest, Command: &cmd, Status: answer.Status,
	}
	if err := e.store.Append(v.turn(), entry); err != nil {
		return nil, err
	}
	e.view.Store(v.afterEntry(live, entry))
	return answer, nil
}

// findCommand finds a command of this turn or the previous one by its id, so that
// a repeat across the end of a turn gets the first response.
func (v *view) findCommand(id string) *store.Entry {
	for _, log := range [][]store.Entry{v.log, v.previousLog} {
		for i := range log {
			if log[i].Kind == store.KindCommand && log[i].ID == id {
				return &log[i]
			}
		}
	}
	return nil
}

// commandDigest distinguishes the bodies of two requests with one command id.
func commandDigest(request enginev1.CommandRequest, cmd enginev1.Command) string {
	request.Command = cmd.Raw()
	raw, err := json.Marshal(request)
	if err != nil { // plain data always encodes
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// order stores a race's list for the turn.
func (e *Engine) order(ctx context.Context, request enginev1.OrderRequest) (*enginev1.OrderResponse, error) {
	release, err := e.acquireWriter(ctx, e.options.LockWait)
	if err != nil {
		return nil, err
	}
	defer release()
	v, err := e.writableView()
	if err != nil {
		return nil, err
	}
	race, err := v.activeRace(request.RaceName, request.Turn)
	if err != nil {
		return nil, err
	}
	hash, err := store.HashOrders(request.Orders)
	if err != nil {
		return nil, err
	}
	answer := &enginev1.OrderResponse{
		RaceName: request.RaceName, Turn: request.Turn, Stored: true, OrderHash: hash,
		Results: game.Preview(v.config(), v.live, race, request.Orders),
	}
	for _, result := range answer.Results {
		if result.Status == enginev1.ResultError {
			answer.Rejected++
		} else {
			answer.Accepted++
		}
	}
	if request.Mode == enginev1.ModeStrict && answer.Rejected > 0 {
		return nil, newFailure(enginev1.CodeOrdersRejected, "%d orders cannot be carried out", answer.Rejected).
			with(enginev1.DetailResults, answer.Results)
	}
	return answer, e.storeOrders(v, store.OrderList{
		Race: race, Turn: request.Turn, After: len(v.log), Hash: hash, Orders: request.Orders, Results: answer.Results,
	})
}

func (e *Engine) storeOrders(v *view, list store.OrderList) error {
	if err := e.store.PutOrders(list); err != nil {
		return err
	}
	live := v.live.Clone()
	game.CancelQuit(live, list.Race)
	e.view.Store(v.afterOrders(live, list))
	return nil
}
