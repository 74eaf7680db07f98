package nullable_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/nullable"
)

func TestAnEmptyTextIsNull(t *testing.T) {
	t.Parallel()
	require.Nil(t, nullable.Text(""))
	require.Equal(t, "x", *nullable.Text("x"))
}

func TestAFieldThatIsNullIsNotAFieldThatIsMissing(t *testing.T) {
	t.Parallel()
	seven := 7
	for text, want := range map[string]nullable.Field[int]{
		`{}`: {}, `{"n":null}`: {Given: true}, `{"n":7}`: {Given: true, Value: &seven},
	} {
		var got struct {
			N nullable.Field[int] `json:"n"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got.N, text)
	}
	var wrong struct {
		N nullable.Field[int] `json:"n"`
	}
	require.Error(t, json.Unmarshal([]byte(`{"n":"x"}`), &wrong))
}
