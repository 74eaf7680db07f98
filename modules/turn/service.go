package turn

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Service is what players and operators ask of turns.
type Service struct {
	db      *pg.DB
	clock   clock.Clock
	store   store
	games   Games
	reader  GameReader
	engine  PlayerAPI
	auditor admin.Auditor
	queue   enqueuer
}

// NewService makes the service. signal is the runner's.
func NewService(db *pg.DB, clk clock.Clock, games Games, reader GameReader, engine PlayerAPI, auditor admin.Auditor,
	signal *worker.Signal,
) *Service {
	return &Service{
		db: db, clock: clk, games: games, reader: reader, engine: engine, auditor: auditor,
		queue: enqueuer{clock: clk, signal: signal},
	}
}

// findMember returns the membership of a user who plays in a game that has
// started. Strangers learn nothing of the game; former members read nothing more.
func (s *Service) findMember(ctx context.Context, gameID, user uuid.UUID) (game.Membership, error) {
	_, member, err := s.findGameAndMember(ctx, gameID, user)
	return member, err
}

// findPlayer is findMember in a game that takes moves.
func (s *Service) findPlayer(ctx context.Context, gameID, user uuid.UUID) (game.Membership, error) {
	g, member, err := s.findGameAndMember(ctx, gameID, user)
	if err == nil && g.State != game.Running {
		err = stateConflict(g)
	}
	return member, err
}

func (s *Service) findGameAndMember(ctx context.Context, gameID, user uuid.UUID) (game.Game, game.Membership, error) {
	member, err := s.reader.Membership(ctx, gameID, user)
	if err != nil {
		return game.Game{}, game.Membership{}, err
	}
	if member.Status != game.Active {
		return game.Game{}, game.Membership{}, ErrNotPlaying
	}
	g, err := s.reader.Game(ctx, gameID)
	if err != nil {
		return game.Game{}, game.Membership{}, err
	}
	if g.StartedAt == nil {
		return game.Game{}, game.Membership{}, stateConflict(g)
	}
	return g, member, nil
}

// stateConflict says in which state a game is that ought to be running.
func stateConflict(g game.Game) error {
	return ErrState.With("state", g.State).With("wanted", game.Running)
}

// PutOrders replaces the order list of the user's race for the coming turn. The
// engine decides; what it has accepted is recorded as a submission.
func (s *Service) PutOrders(ctx context.Context, gameID, user uuid.UUID, req enginev1.OrderRequest,
) (enginev1.OrderResponse, error) {
	member, err := s.findPlayer(ctx, gameID, user)
	if err != nil {
		return enginev1.OrderResponse{}, err
	}
	req.RaceName = member.RaceName
	res, err := s.engine.Order(ctx, gameID, req)
	if err != nil || !res.Stored {
		return res, err
	}
	now := s.clock.Now()
	return res, s.recordSubmission(ctx, member, func(tx *pg.Tx) {
		s.store.recordOrders(tx, gameID, pace.Submission{
			Turn: res.Turn, RaceName: member.RaceName, UserID: user,
			OrdersAt: &now, Orders: len(req.Orders), OrderHash: res.OrderHash,
		})
	})
}

// Command has one action executed at once. key makes a repeat harmless; a
// missing one is made up.
func (s *Service) Command(ctx context.Context, gameID, user uuid.UUID, turn int, key string, command json.RawMessage,
) (enginev1.CommandResponse, error) {
	member, err := s.findPlayer(ctx, gameID, user)
	if err != nil {
		return enginev1.CommandResponse{}, err
	}
	id, err := commandID(member, key)
	if err != nil {
		return enginev1.CommandResponse{}, err
	}
	req := enginev1.CommandRequest{RaceName: member.RaceName, Turn: turn, CommandID: id.String(), Command: command}
	res, err := s.engine.Command(ctx, gameID, req)
	if err != nil || res.Replayed {
		return res, err
	}
	return res, s.recordSubmission(ctx, member, func(tx *pg.Tx) {
		s.store.recordCommand(tx, gameID, res.Turn, member.RaceName, user)
	})
}

// commandID keeps a key that is a UUID, and derives one from any other: keys of
// two races never meet in the engine.
func commandID(member game.Membership, key string) (uuid.UUID, error) {
	if key == "" {
		return uuid.NewV7()
	}
	if id, err := uuid.Parse(key); err == nil && len(key) == 36 {
		return id, nil
	}
	return uuid.NewSHA1(member.GameID, []byte(member.RaceName+"\x00"+key)), nil
}

// recordSubmission writes what a player has sent. A seat that had been marked as
// vacant is taken back by that.
func (s *Service) recordSubmission(ctx context.Context, member game.Membership, write func(tx *pg.Tx)) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if member.Vacant {
			if _, err := s.games.LockGame(ctx, tx, member.GameID); err != nil {
				return err
			}
			s.games.SetVacant(tx, member.GameID, member.RaceName, false)
		}
		write(tx)
		return nil
	})
}

// OrderList is what a race has ordered for the coming turn.
type OrderList struct {
	RaceName string
	Turn     int
	Orders   []enginev1.Order
	Results  []enginev1.OrderResult
}

// Orders reads the order list of the user's race back from the engine.
func (s *Service) Orders(ctx context.Context, gameID, user uuid.UUID) (OrderList, error) {
	member, err := s.findMember(ctx, gameID, user)
	if err != nil {
		return OrderList{}, err
	}
	raw, err := s.engine.Report(ctx, gameID, engine.ReportQuery{Race: member.RaceName})
	if err != nil {
		return OrderList{}, err
	}
	var report enginev1.Report
	if err := json.Unmarshal(raw.Body, &report); err != nil {
		return OrderList{}, engine.ErrBadResponse.Because(fmt.Errorf("read the report: %w", err))
	}
	list := OrderList{
		RaceName: member.RaceName, Turn: report.Turn,
		Orders: []enginev1.Order{}, Results: []enginev1.OrderResult{},
	}
	if p := report.Pending; p != nil {
		list.Orders, list.Results = append(list.Orders, p.Orders...), append(list.Results, p.Results...)
	}
	return list, nil
}

// Report reads the report of the user's race. A nil turn is the latest; accept
// is engine.JSONReport or engine.TextReport; etag is that of the client's copy.
func (s *Service) Report(ctx context.Context, gameID, user uuid.UUID, turn *int, accept, etag string,
) (engine.Report, error) {
	member, err := s.findMember(ctx, gameID, user)
	if err != nil {
		return engine.Report{}, err
	}
	return s.engine.Report(ctx, gameID, engine.ReportQuery{
		Race: member.RaceName, Turn: turn, Accept: accept, IfNoneMatch: etag,
	})
}
