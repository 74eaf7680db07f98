package httpx

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"galaxy/backend/platform/fault"
)

// schemaOptions makes kin-openapi report everything at once and without values.
var schemaOptions = []openapi3.SchemaValidationOption{
	openapi3.MultiErrors(),
	openapi3.DisableSchemaErrorDetails(),
	openapi3.WithStringFormatValidator("uuid", formatCheck(isUUID)),
	openapi3.WithStringFormatValidator("date-time", formatCheck(isTime)),
}

var errFormat = errors.New("wrong format")

func isUUID(text string) bool {
	_, ok := parseUUID(text)
	return ok
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

func formatCheck(ok func(string) bool) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(s string) error {
		if ok(s) {
			return nil
		}
		return errFormat
	})
}

// schemaCodes translates the keyword of a schema that failed.
var schemaCodes = map[string]string{
	"type": badType, "nullable": badType, "enum": "unknown_value", "format": badFormat, "pattern": badFormat,
	"minimum": badRange, "maximum": badRange, "exclusiveMinimum": badRange, "exclusiveMaximum": badRange,
	"multipleOf": badRange,
	"minLength":  "too_short", "maxLength": "too_long", "minItems": "too_few", "maxItems": "too_many",
	"minProperties": "too_few", "maxProperties": "too_many", "uniqueItems": "not_unique",
	"required": missing, "properties": "unknown_field",
}

// maxFields bounds an answer: a body of nonsense could name thousands.
const maxFields = 20

// checkBody holds a decoded body against its schema. An unknown field is a
// malformed request, and that wins over a value that does not fit.
func (op *operation) checkBody(tree any) error {
	compiled, err := op.body.Get()
	if err != nil {
		return err
	}
	err = compiled.VisitJSON(tree, schemaOptions...)
	if err == nil {
		return nil
	}
	var wrong, unknown []fault.Field
	for _, f := range schemaFields(err, nil) {
		if f.Code == "unknown_field" {
			unknown = append(unknown, f)
		} else {
			wrong = append(wrong, f)
		}
	}
	if len(unknown) > 0 {
		return ErrInvalid.At(normalized(unknown)...)
	}
	return ErrValidation.At(normalized(wrong)...)
}

// checkParam holds the text of a parameter against its schema.
func (p boundParam) checkParam(values []string) (code string) {
	if p.schema == nil {
		return ""
	}
	var value any = values[0]
	if p.repeatable {
		items := make([]any, len(values))
		for i, v := range values {
			items[i] = v
		}
		value = items
	} else if p.typ == "integer" {
		n, err := strconv.ParseInt(values[0], 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return badRange
		} else if err != nil {
			return badType
		}
		value = float64(n)
	}
	compiled, err := p.schema.Get()
	if err == nil {
		err = compiled.VisitJSON(value, schemaOptions...)
	}
	if err == nil {
		return ""
	}
	return append(schemaFields(err, nil), field("", "invalid"))[0].Code
}

// schemaFields flattens what kin-openapi reports.
func schemaFields(err error, fields []fault.Field) []fault.Field {
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, one := range e {
			fields = schemaFields(one, fields)
		}
	case *openapi3.SchemaError:
		if e.SchemaField == "allOf" && e.Origin != nil {
			return schemaFields(e.Origin, fields)
		}
		code, name := cmp.Or(schemaCodes[e.SchemaField], "invalid"), strings.Join(e.JSONPointer(), ".")
		if code == "unknown_field" {
			return append(fields, unknownFields(e, name)...)
		}
		return append(fields, field(name, code))
	case interface{ Unwrap() error }:
		return schemaFields(e.Unwrap(), fields)
	default:
		return append(fields, field("", "invalid"))
	}
	return fields
}

// unknownFields names the members that the schema does not have: the error
// itself names only the object.
func unknownFields(e *openapi3.SchemaError, at string) []fault.Field {
	var fields []fault.Field
	members, _ := e.Value.(map[string]any)
	for name := range members {
		if e.Schema.Properties[name] == nil {
			fields = append(fields, field(strings.TrimPrefix(at+"."+name, "."), "unknown_field"))
		}
	}
	return fields
}

func field(name, code string) fault.Field {
	if len(name) > 128 {
		name = name[:128]
	}
	return fault.Field{Name: strings.ToValidUTF8(name, ""), Code: code, Message: messages[code]}
}

// normalized is the fields sorted, without repetitions, and a bounded number of them.
func normalized(fields []fault.Field) []fault.Field {
	slices.SortFunc(fields, func(a, b fault.Field) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Code, b.Code))
	})
	fields = slices.Compact(fields)
	return fields[:min(len(fields), maxFields)]
}
