package image

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"skylog/commands"
	cmd "skylog/commands/image"
	view "skylog/projections/image"
)

const (
	maxDefName     = 80 // Glance's, of namespaces, objects, properties, tags and resource types
	maxDescription = 500
	maxBody        = 64 << 10 // of what is defined, as JSON
)

// check says whether a value is one that a key may have.
type check func(v any) bool

func isText(v any) bool   { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isNumber(v any) bool { _, ok := v.(float64); return ok }
func isList(v any) bool   { _, ok := v.([]any); return ok }
func isObject(v any) bool { _, ok := v.(map[string]any); return ok }
func isAny(any) bool      { return true }

func isCount(v any) bool {
	f, ok := v.(float64)
	return ok && f >= 0 && f == math.Trunc(f)
}

func isTexts(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(one any) bool { return !isText(one) })
}

func upTo(most int) check {
	return func(v any) bool { s, ok := v.(string); return ok && len([]rune(s)) <= most }
}

func among(values ...any) check {
	return func(v any) bool { return slices.Contains(values, v) }
}

// keys are what an object may have.
type keys map[string]check

var (
	jsonTypes = among("array", "boolean", "integer", "number", "object", "string", nil)
	itemKeys  = keys{"type": jsonTypes, "enum": isList}
	// propertyKeys are what may be said of a property, as JSON schema has it.
	propertyKeys = keys{"title": isText, "description": isText, "type": jsonTypes, "operators": isTexts, "required": isTexts, "minimum": isNumber, "maximum": isNumber,
		"maxLength": isCount, "minLength": isCount, "pattern": isText, "enum": isList, "readonly": isBool, "default": isAny, "maxItems": isCount, "minItems": isCount,
		"uniqueItems": isBool, "additionalItems": isBool, "items": func(v any) bool { o, ok := v.(map[string]any); return ok && itemKeys.suits("items", o) == nil }}
	objectKeys    = keys{"name": upTo(maxDefName), "description": isText, "required": isTexts, "properties": isObject}
	tagKeys       = keys{"name": upTo(maxDefName)}
	resourceKeys  = keys{"name": upTo(maxDefName), "prefix": upTo(maxDefName), "properties_target": upTo(maxDefName)}
	namespaceKeys = keys{"namespace": upTo(maxDefName), "display_name": upTo(maxDefName), "description": upTo(maxDescription), "visibility": among("public", "private"),
		"protected": isBool, "owner": upTo(maxName), "resource_type_associations": isList, "properties": isObject, "objects": isList, "tags": isList}
	// madeHere are the keys that nobody sends.
	madeHere = []string{"self", "schema", "created_at", "updated_at"}
)

// suits refuses what isn't among the keys, or isn't what a key may have.
func (k keys) suits(schema string, o map[string]any) error {
	for name, value := range o {
		may, known := k[name]
		switch {
		case slices.Contains(madeHere, name):
			return commands.Refuse(commands.Forbidden, "Attribute '%s' is read-only.", name)
		case !known:
			return commands.Refuse(commands.Invalid, "Provided object does not match schema '%s': Additional properties are not allowed ('%.100s' was unexpected)", schema, name)
		case !may(value):
			return commands.Refuse(commands.Invalid, "Provided object does not match schema '%s': %s is not what it may be", schema, name)
		}
	}
	return nil
}

// need takes a name out of an object that must have it.
func need(schema string, o map[string]any, key string) (string, error) {
	name, _ := o[key].(string)
	if strings.TrimSpace(name) == "" || strings.Contains(name, "/") {
		return "", commands.Refuse(commands.Invalid, "Provided object does not match schema '%s': '%s' is a required property", schema, key)
	}
	delete(o, key)
	return name, nil
}

// definitionOf reads one thing of a kind out of a body.
func definitionOf(kind string, o map[string]any) (d cmd.Definition, err error) {
	d.Kind = kind
	if kind == view.PropertyKind {
		if d.Name, err = need(kind, o, "name"); err == nil {
			err = property(d.Name, o)
		}
	} else {
		known := map[string]keys{view.ObjectKind: objectKeys, view.TagKind: tagKeys, view.ResourceTypeKind: resourceKeys}[kind]
		if err = known.suits(kind, o); err == nil {
			d.Name, err = need(kind, o, "name")
		}
	}
	if err != nil {
		return d, err
	}
	if inside, ok := o["properties"].(map[string]any); ok && kind == view.ObjectKind {
		if err := properties(inside); err != nil {
			return d, err
		}
	}
	body, err := json.Marshal(o)
	if len(body) > maxBody {
		return d, commands.Refuse(commands.OverLimit, "What is defined may have %d bytes.", maxBody)
	}
	d.Body = string(body)
	return d, err
}

// property checks what is said of a property.
func property(name string, o map[string]any) error {
	if len([]rune(name)) > maxDefName {
		return commands.Refuse(commands.Invalid, "Provided object does not match schema 'property': %.100s is too long", name)
	}
	if err := propertyKeys.suits("property", o); err != nil {
		return err
	}
	for _, key := range []string{"title", "type"} {
		if _, ok := o[key]; !ok {
			return commands.Refuse(commands.Invalid, "Provided object does not match schema 'property': '%s' is a required property", key)
		}
	}
	return nil
}

func properties(all map[string]any) error {
	for name, one := range all {
		o, ok := one.(map[string]any)
		if !ok {
			return commands.Refuse(commands.Invalid, "Provided object does not match schema 'property': %.100s is not of type 'object'", name)
		}
		delete(o, "name") // which says nothing that isn't said
		if err := property(name, o); err != nil {
			return err
		}
	}
	return nil
}

// namespaceOf reads a namespace and what it defines out of a body.
func namespaceOf(o map[string]any, owner string) (c cmd.CreateNamespace, err error) {
	if err := namespaceKeys.suits("namespace", o); err != nil {
		return c, err
	}
	if c.Namespace, err = need("namespace", o, "namespace"); err != nil {
		return c, err
	}
	text := func(key, otherwise string) string {
		if s, ok := o[key].(string); ok {
			return s
		}
		return otherwise
	}
	c.OwnerID, c.DisplayName, c.Description, c.Visibility = text("owner", owner), text("display_name", ""), text("description", ""), text("visibility", "private")
	c.Protected, _ = o["protected"].(bool)
	c.Definitions, err = definitionsOf(o)
	return c, err
}

func definitionsOf(o map[string]any) (all []cmd.Definition, err error) {
	for _, part := range []struct{ key, kind string }{{"resource_type_associations", view.ResourceTypeKind}, {"objects", view.ObjectKind}, {"tags", view.TagKind}} {
		list, _ := o[part.key].([]any)
		for _, one := range list {
			body, ok := one.(map[string]any)
			if !ok {
				return nil, commands.Refuse(commands.Invalid, "Provided object does not match schema 'namespace': %s must be objects", part.key)
			}
			d, err := definitionOf(part.kind, body)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	inside, _ := o["properties"].(map[string]any)
	names := make([]string, 0, len(inside))
	for name := range inside {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		body, ok := inside[name].(map[string]any)
		if !ok {
			return nil, commands.Refuse(commands.Invalid, "Provided object does not match schema 'namespace': properties must be objects")
		}
		body["name"] = name
		d, err := definitionOf(view.PropertyKind, body)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// readObject reads a body that is one JSON object.
func readObject(raw []byte) (map[string]any, error) {
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, commands.Refuse(commands.Invalid, "Malformed JSON in request body.")
	}
	return o, nil
}
