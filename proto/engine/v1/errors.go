package enginev1

// ErrorCode is the stable token of an error answer.
type ErrorCode string

// Error codes of whole requests.
const (
	CodeInvalidRequest       ErrorCode = "invalid_request"
	CodeUnsupportedMediaType ErrorCode = "unsupported_media_type"
	CodeNotAcceptable        ErrorCode = "not_acceptable"
	CodeBodyTooLarge         ErrorCode = "body_too_large"
	CodeNotFound             ErrorCode = "not_found"
	CodeMethodNotAllowed     ErrorCode = "method_not_allowed"
	CodeValidationFailed     ErrorCode = "validation_failed"
	CodeNotInitialized       ErrorCode = "not_initialized"
	CodeAlreadyInitialized   ErrorCode = "already_initialized"
	CodeRaceNotFound         ErrorCode = "race_not_found"
	CodeTurnNotFound         ErrorCode = "turn_not_found"
	CodeTurnMismatch         ErrorCode = "turn_mismatch"
	CodeGameFinished         ErrorCode = "game_finished"
	CodeRaceInactive         ErrorCode = "race_inactive"
	CodeCommandConflict      ErrorCode = "command_conflict"
	CodeOrdersRejected       ErrorCode = "orders_rejected"
	CodeTurnFailed           ErrorCode = "turn_failed"
	CodeInternal             ErrorCode = "internal"
	CodeBusy                 ErrorCode = "busy"
	CodeShuttingDown         ErrorCode = "shutting_down"
	CodeStateCorrupt         ErrorCode = "state_corrupt"
	CodeStorageUnavailable   ErrorCode = "storage_unavailable"
)

// Keys of Error.Details.
const (
	DetailCurrentTurn = "current_turn" // turn_mismatch: the engine's turn
	DetailFields      = "fields"       // validation_failed: []FieldError
	DetailResults     = "results"      // orders_rejected: []OrderResult
)

// ErrorResponse is the envelope of every error.
type ErrorResponse struct {
	Error Error `json:"error"`
}

// Error says what was wrong. Message is for people and may change; Code is stable.
type Error struct {
	Code    ErrorCode      `json:"code"`
	Message string         `json:"message"`
	Details map[string]any `json:"details,omitempty"`
}

// FieldError names a field of the request that was refused (details.fields).
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// OrderCode is why one order of a list was refused.
type OrderCode string

// Order codes.
const (
	OrderUnknownGroup        OrderCode = "unknown_group"
	OrderUnknownPlanet       OrderCode = "unknown_planet"
	OrderUnknownShipType     OrderCode = "unknown_ship_type"
	OrderUnknownRace         OrderCode = "unknown_race"
	OrderUnknownAlias        OrderCode = "unknown_alias"
	OrderNotYourPlanet       OrderCode = "not_your_planet"
	OrderGroupInSpace        OrderCode = "group_in_space"
	OrderOutOfReach          OrderCode = "out_of_reach"
	OrderNoDrive             OrderCode = "no_drive"
	OrderNoCargoBay          OrderCode = "no_cargo_bay"
	OrderWrongCargo          OrderCode = "wrong_cargo"
	OrderNotEnoughCargo      OrderCode = "not_enough_cargo"
	OrderNotEnoughShips      OrderCode = "not_enough_ships"
	OrderColonistsNotAllowed OrderCode = "colonists_not_allowed"
	OrderInvalidDesign       OrderCode = "invalid_design"
	OrderInvalidName         OrderCode = "invalid_name"
	OrderNameTaken           OrderCode = "name_taken"
	OrderTypeInUse           OrderCode = "type_in_use"
	OrderInvalidProduct      OrderCode = "invalid_product"
	OrderNotSupported        OrderCode = "not_supported"
)

// OrderCodes lists all order codes of the contract.
func OrderCodes() []OrderCode {
	return []OrderCode{
		OrderUnknownGroup, OrderUnknownPlanet, OrderUnknownShipType, OrderUnknownRace, OrderUnknownAlias,
		OrderNotYourPlanet, OrderGroupInSpace, OrderOutOfReach, OrderNoDrive, OrderNoCargoBay, OrderWrongCargo,
		OrderNotEnoughCargo, OrderNotEnoughShips, OrderColonistsNotAllowed, OrderInvalidDesign, OrderInvalidName,
		OrderNameTaken, OrderTypeInUse, OrderInvalidProduct, OrderNotSupported,
	}
}

// ErrorCodes lists all codes of whole requests.
func ErrorCodes() []ErrorCode {
	return []ErrorCode{
		CodeInvalidRequest, CodeUnsupportedMediaType, CodeNotAcceptable, CodeBodyTooLarge, CodeNotFound,
		CodeMethodNotAllowed, CodeValidationFailed, CodeNotInitialized, CodeAlreadyInitialized, CodeRaceNotFound,
		CodeTurnNotFound, CodeTurnMismatch, CodeGameFinished, CodeRaceInactive, CodeCommandConflict,
		CodeOrdersRejected, CodeTurnFailed, CodeInternal, CodeBusy, CodeShuttingDown, CodeStateCorrupt,
		CodeStorageUnavailable,
	}
}
