package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Int is a whole number that may also be sent as text, as Nova and Cinder take it.
// Its bounds are checked by who uses it.
type Int int

// Schema is how huma asks what may be sent.
func (Int) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: `^-?[0-9]{1,18}$`}}}
}

// UnmarshalJSON reads a number or a text.
func (i *Int) UnmarshalJSON(data []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(data), `"`))
	if err != nil {
		return fmt.Errorf("%s is not a whole number", data)
	}
	*i = Int(n)
	return nil
}

var (
	trueWords  = []string{"1", "t", "true", "on", "y", "yes"}
	falseWords = []string{"0", "f", "false", "off", "n", "no"}
)

// ParseBool reads the words that OpenStack takes for a truth value.
func ParseBool(s string) (value, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	return slices.Contains(trueWords, s), slices.Contains(trueWords, s) || slices.Contains(falseWords, s)
}

// Bool is a truth value that may also be sent as text, as Nova and Cinder take it.
type Bool bool

// Schema is how huma asks what may be sent.
func (Bool) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeBoolean},
		{Type: huma.TypeString, Pattern: `^(?i:1|0|t|f|true|false|on|off|y|n|yes|no)$`}}}
}

// UnmarshalJSON reads a truth value or a text.
func (b *Bool) UnmarshalJSON(data []byte) error {
	v, ok := ParseBool(strings.Trim(string(data), `"`))
	if !ok {
		return fmt.Errorf("%s is not a truth value", data)
	}
	*b = Bool(v)
	return nil
}
