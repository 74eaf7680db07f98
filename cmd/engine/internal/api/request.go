package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"galaxy/backend/cmd/engine/internal/validation"
	"galaxy/backend/platform/httpx/strict"
	enginev1 "galaxy/backend/proto/engine/v1"
)

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// decodeBody decodes a body of at most limit bytes and checks that the required keys
// are there. It also returns the parsed object, which shows which keys are present.
func decodeBody[T any](
	w http.ResponseWriter, r *http.Request, limit int64, required ...string,
) (in T, object map[string]any, err error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return in, nil, newFailure(enginev1.CodeUnsupportedMediaType, "the body must be application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return in, nil, newFailure(enginev1.CodeBodyTooLarge, "the body must have at most %d bytes", limit)
	}
	if err != nil {
		return in, nil, newFailure(enginev1.CodeInvalidRequest, "the body cannot be read")
	}
	parsed, err := strict.Parse(raw)
	if err == nil {
		err = checkJSON(parsed, "", "")
	}
	if err != nil {
		return in, nil, newFailure(enginev1.CodeInvalidRequest, "malformed JSON: %v", err)
	}
	object, isObject := parsed.(map[string]any)
	if !isObject {
		return in, nil, newFailure(enginev1.CodeInvalidRequest, "the body must be an object")
	}
	if err := decodeStrict(raw, &in); err != nil {
		return in, nil, newFailure(enginev1.CodeInvalidRequest, "malformed request: %v", err)
	}
	var missing []enginev1.FieldError
	for _, key := range required {
		if _, has := object[key]; !has {
			missing = append(missing, enginev1.FieldError{Field: key, Message: "is required"})
		}
	}
	return in, object, validationError(missing)
}

// decodeStrict is strict about unknown fields.
func decodeStrict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// checkJSON refuses what the decoder would let pass: keys in the wrong case, and
// null where the contract has none (it knows order.destination and product.name).
func checkJSON(value any, key, parent string) error {
	switch v := value.(type) {
	case map[string]any:
		for name, part := range v {
			if name != strings.ToLower(name) {
				return errors.New("a field is unknown")
			}
			if err := checkJSON(part, name, key); err != nil {
				return err
			}
		}
	case []any:
		for _, part := range v {
			if err := checkJSON(part, "", key); err != nil {
				return err
			}
		}
	case nil:
		if key != "destination" && (key != "name" || parent != "product") {
			return fmt.Errorf("%s must not be null", key)
		}
	}
	return nil
}

func checkLength(field, value string, least, most int) []enginev1.FieldError {
	if n := utf8.RuneCountInString(value); n < least || n > most {
		return []enginev1.FieldError{{Field: field, Message: fmt.Sprintf("must have %d..%d characters", least, most)}}
	}
	return nil
}

// checkNotEmpty refuses choices of an init document that are there but empty;
// decoded they look as if they had been left to the engine.
func checkNotEmpty(object map[string]any) (fields []enginev1.FieldError) {
	for _, path := range [][]string{{"seed"}, {"map", "topology"}, {"options", "ruleset"}, {"options", "battle_log"}} {
		value := any(object)
		for _, key := range path {
			inner, _ := value.(map[string]any)
			value = inner[key]
		}
		if value == "" {
			fields = append(fields, enginev1.FieldError{Field: strings.Join(path, "."), Message: "must not be empty"})
		}
	}
	return fields
}

func checkTurn(turn int) []enginev1.FieldError {
	if turn < 0 {
		return []enginev1.FieldError{{Field: "turn", Message: "must be at least 0"}}
	}
	return nil
}

func checkBanish(r enginev1.BanishRequest) []enginev1.FieldError {
	return slices.Concat(
		checkLength("race_name", r.RaceName, 1, enginev1.MaxRaceName),
		checkLength("reason", r.Reason, 0, enginev1.MaxBanishReason),
	)
}

// readCommand decodes the command within the request as its type says.
func readCommand(request enginev1.CommandRequest, object map[string]any) (cmd enginev1.Command, err error) {
	fields := slices.Concat(checkLength("race_name", request.RaceName, 1, enginev1.MaxRaceName), checkTurn(request.Turn))
	if !uuidPattern.MatchString(request.CommandID) {
		fields = append(fields, enginev1.FieldError{Field: "command_id", Message: "must be a UUID"})
	}
	inner, isObject := object["command"].(map[string]any)
	if !isObject {
		return cmd, newFailure(enginev1.CodeInvalidRequest, "command must be an object")
	}
	if err := decodeStrict(request.Command, &cmd); err != nil {
		return cmd, newFailure(enginev1.CodeInvalidRequest, "malformed command: %v", err)
	}
	var keys []string
	for key := range inner {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return cmd, validationError(append(fields, validation.Command(cmd.Type, keys)...))
}

func checkOrder(r enginev1.OrderRequest, object map[string]any) []enginev1.FieldError {
	fields := slices.Concat(checkLength("race_name", r.RaceName, 1, enginev1.MaxRaceName), checkTurn(r.Turn))
	if _, has := object["mode"]; has && r.Mode != enginev1.ModeLenient && r.Mode != enginev1.ModeStrict {
		fields = append(fields, enginev1.FieldError{Field: "mode", Message: "must be lenient or strict"})
	}
	return append(fields, validation.Orders(r.Orders)...)
}
