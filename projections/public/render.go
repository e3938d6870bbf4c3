package public

import (
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"skylog/events"
)

// visibility is who sees a field of an event.
type visibility int

const (
	everyone visibility = iota
	administrators
	nobody
)

// suspicious is how the names of fields look that hold secrets. Those that do
// and yet may be shown are listed.
var suspicious = regexp.MustCompile(`(?i)secret|passw|hash|private|key|token|seal|credential|userdata|cipher|salt|signature`)

var harmless = map[string]bool{"PublicKey": true, "KeyName": true, "KeyType": true}

// insides are fields by which tenants would learn how the cloud is built, or
// which mean nothing outside of it.
var insides = map[string]bool{
	"Host": true, "HostIP": true, "VNI": true, "By": true, "BuildBy": true, "Due": true, "Upload": true, "Details": true,
	"SendersChanged": true, "LeftGroups": true, "Unconfirmed": true, "Generation": true, "Epoch": true, "Attributes": true,
	"Options": true, "Segment": true, "Carrier": true, "Disk": true, "Backend": true, "Node": true, "Endpoint": true,
}

func visibilityOf(field string) visibility {
	switch {
	case insides[field]:
		return administrators
	case suspicious.MatchString(field) && !harmless[field]:
		return nobody
	}
	return everyone
}

// render writes an event's fields under the names that the APIs would give them.
func render(e events.Event, all bool) json.RawMessage {
	return appendValue(nil, reflect.ValueOf(e), all)
}

type field struct {
	index []int
	name  string
	sees  visibility
	omit  bool
}

var fields sync.Map // []field by struct type: as many as event types

func fieldsOf(t reflect.Type) []field {
	if known, ok := fields.Load(t); ok {
		return known.([]field)
	}
	var all []field
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		all = append(all, field{f.Index, snake(f.Name), visibilityOf(f.Name), strings.Contains(f.Tag.Get("json"), "omitempty")})
	}
	fields.Store(t, all)
	return all
}

func appendValue(b []byte, v reflect.Value, all bool) []byte {
	switch value := v.Interface().(type) {
	case time.Time:
		return value.UTC().AppendFormat(b, `"2006-01-02T15:04:05.000000Z"`)
	case time.Duration:
		return strconv.AppendFloat(b, value.Seconds(), 'f', -1, 64)
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		if err != nil {
			return append(b, "null"...)
		}
		return appendJSON(b, string(text))
	}
	switch v.Kind() {
	case reflect.Struct:
		return appendStruct(b, v, all)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendValue(b, v.Elem(), all)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 { // bytes: nothing of ours that is for reading
			return append(b, "null"...)
		}
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i), all)
		}
		return append(b, ']')
	}
	return appendJSON(b, v.Interface())
}

func appendStruct(b []byte, v reflect.Value, all bool) []byte {
	b = append(b, '{')
	first := true
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		if f.sees == nobody || f.sees == administrators && !all || f.omit && value.IsZero() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(append(b, '"'), f.name...), '"', ':')
		b = appendValue(b, value, all)
	}
	return append(b, '}')
}

// appendJSON writes what has no fields of ours: texts, numbers, and maps, whose keys are users' own.
func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// words are spellings in which an acronym is followed by small letters.
var words = strings.NewReplacer("VCPUs", "Vcpus", "IPv4", "Ipv4", "IPv6", "Ipv6", "IDs", "Ids", "IPs", "Ips", "GiB", "Gib", "MiB", "Mib")

// snake is a field's name as the APIs would spell it: "RAMMiB" is "ram_mib".
func snake(name string) string {
	runes := []rune(words.Replace(name))
	var b strings.Builder
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
