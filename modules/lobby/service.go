package lobby

import "galaxy/backend/modules/lobby/internal/games"

// Service is the domain. Methods that take a tx write with the caller's commit;
// all others open their own transaction.
type Service struct {
	*games.Service
	requests requests
}

// NewService makes the service of games into that of the domain.
func NewService(g *games.Service) *Service { return &Service{Service: g} }
