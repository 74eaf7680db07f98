package main

import (
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// The author of another engine finds every word of the contract explained.
func TestTheDocumentationExplainsEveryWordOfTheContract(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/engine.md")
	require.NoError(t, err)
	text := string(raw)
	var words []string
	for _, code := range enginev1.ErrorCodes() {
		words = append(words, string(code))
	}
	for _, code := range enginev1.OrderCodes() {
		words = append(words, string(code))
	}
	doc, err := openapi3.NewLoader().LoadFromData(enginev1.OpenAPI())
	require.NoError(t, err)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			words = append(words, method+" "+path)
		}
	}
	for _, enum := range [][2]string{
		{"Event", "type"}, {"Result", "reason"}, {"RaceStatus", "state"}, {"Status", "state"}, {"CommandResponse", "status"}, {"OrderResult", "status"},
	} {
		for _, value := range doc.Components.Schemas[enum[0]].Value.Properties[enum[1]].Value.Enum {
			words = append(words, value.(string))
		}
	}
	for _, request := range []string{"InitRequest", "TurnRequest", "BanishRequest", "CommandRequest", "OrderRequest", "CmdRelation", "CmdMessage", "CmdQuit"} {
		for field := range doc.Components.Schemas[request].Value.Properties {
			words = append(words, field)
		}
	}
	for section := range doc.Components.Schemas["Report"].Value.Properties {
		if section != "fleets" && section != "sciences" { // always empty in contract version 1
			words = append(words, section)
		}
	}
	words = append(words,
		enginev1.OrderCreateType, enginev1.OrderRemoveType, enginev1.OrderProduction, enginev1.OrderRename, enginev1.OrderRoute,
		enginev1.OrderSplit, enginev1.OrderMerge, enginev1.OrderLoad, enginev1.OrderUnload, enginev1.OrderSend, enginev1.OrderScrap,
		enginev1.CommandRelation, enginev1.CommandMessage, enginev1.CommandQuit, enginev1.CommandVote,
		enginev1.HeaderContract, enginev1.HeaderEngineVersion, enginev1.HeaderGameID, enginev1.HeaderTurn, enginev1.HeaderRequestID,
		"ENGINE_LISTEN_ADDR", "ENGINE_STATE_DIR", "ENGINE_GAME_ID", "ENGINE_ADMIN_TOKEN", "ENGINE_LOG_LEVEL", "ENGINE_SHUTDOWN_TIMEOUT",
	)
	for _, word := range words {
		require.Contains(t, text, word)
	}
}
