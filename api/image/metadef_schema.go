package image

// metadefSchemas are the schemas of metadata definitions.
var metadefSchemas = map[string]object{
	"namespace":      namespaceSchema(),
	"namespaces":     listSchema("namespaces", namespaceSchema()),
	"object":         objectSchema(),
	"objects":        listSchema("objects", objectSchema()),
	"property":       propertySchema(),
	"properties":     propertiesSchema(),
	"tag":            tagSchema(),
	"tags":           listSchema("tags", tagSchema()),
	"resource_type":  resourceTypeSchema(),
	"resource_types": listSchema("resource_type_associations", resourceTypeSchema()),
}

func sometime(description string) object {
	return typed(description, "string").readOnly().with("format", "date-time")
}

func named(description string) object {
	return typed(description, "string").with("maxLength", maxDefName)
}

// metadefs are what the schemas of metadata definitions refer to.
func metadefs() object {
	positive := object{"$ref": "#/definitions/positiveInteger"}
	orZero := object{"$ref": "#/definitions/positiveIntegerDefault0"}
	texts := object{"$ref": "#/definitions/stringArray"}
	kinds := []any{"array", "boolean", "integer", "number", "object", "string", nil}
	return object{
		"positiveInteger":         object{"type": "integer", "minimum": 0},
		"positiveIntegerDefault0": object{"allOf": []object{positive, {"default": 0}}},
		"stringArray":             object{"type": "array", "items": object{"type": "string"}, "uniqueItems": true},
		"property": object{"type": "object", "additionalProperties": object{"type": "object", "required": []string{"title", "type"}, "properties": object{
			"name": object{"type": "string", "maxLength": maxDefName}, "title": object{"type": "string"}, "description": object{"type": "string"},
			"operators": object{"type": "array", "items": object{"type": "string"}}, "type": object{"type": "string", "enum": kinds}, "required": texts,
			"minimum": object{"type": "number"}, "maximum": object{"type": "number"}, "maxLength": positive, "minLength": orZero,
			"pattern": object{"type": "string", "format": "regex"}, "enum": object{"type": "array"}, "readonly": object{"type": "boolean"}, "default": object{},
			"items":    object{"type": "object", "properties": object{"type": object{"type": "string", "enum": kinds}, "enum": object{"type": "array"}}},
			"maxItems": positive, "minItems": orZero, "uniqueItems": object{"type": "boolean", "default": false}, "additionalItems": object{"type": "boolean"},
		}}},
	}
}

// defining makes the schema of a thing that is sent and shown.
func defining(name string, required []string, properties object) object {
	return object{"name": name, "required": required, "properties": properties, "definitions": metadefs(), "additionalProperties": false}
}

func namespaceSchema() object {
	listOf := func(properties object) object {
		return object{"type": "array", "items": object{"type": "object", "properties": properties}}
	}
	text := object{"type": "string"}
	property, texts := object{"$ref": "#/definitions/property"}, object{"$ref": "#/definitions/stringArray"}
	return defining("namespace", []string{"namespace"}, object{
		"namespace":                  named("The name that no other namespace has"),
		"display_name":               named("The name for people"),
		"description":                typed("What the namespace is for", "string").with("maxLength", maxDescription),
		"visibility":                 typed("Who sees the namespace", "string").with("enum", []string{"public", "private"}),
		"protected":                  typed("Whether the namespace is kept from being deleted", "boolean"),
		"owner":                      typed("The project that owns the namespace", "string").with("maxLength", maxName),
		"created_at":                 sometime("When the namespace was made"),
		"updated_at":                 sometime("When the namespace last changed"),
		"self":                       typed("The address of the namespace", "string").readOnly(),
		"schema":                     typed("The address of this schema", "string").readOnly(),
		"resource_type_associations": listOf(object{"name": text, "prefix": text, "properties_target": text}),
		"properties":                 property,
		"objects":                    listOf(object{"name": text, "description": text, "required": texts, "properties": property}),
		"tags":                       listOf(object{"name": text}),
	})
}

func objectSchema() object {
	return defining("object", []string{"name"}, object{
		"name":        named("The object's name"),
		"description": typed("What the object is", "string"),
		"required":    object{"$ref": "#/definitions/stringArray"},
		"properties":  object{"$ref": "#/definitions/property"},
		"created_at":  sometime("When the object was defined"),
		"updated_at":  sometime("When the object last changed"),
		"self":        typed("The address of the object", "string").readOnly(),
		"schema":      typed("The address of this schema", "string").readOnly(),
	})
}

func propertySchema() object {
	one := metadefs()["property"].(object)["additionalProperties"].(object)["properties"].(object)
	return defining("property", []string{"name", "title", "type"}, one)
}

// propertiesSchema is of properties by their names, not of a list of them.
func propertiesSchema() object {
	return object{"name": "properties", "definitions": metadefs(), "properties": object{"properties": object{"$ref": "#/definitions/property"},
		"first": object{"type": "string"}, "next": object{"type": "string"}, "schema": object{"type": "string"}},
		"links": links("first", "{first}", "next", "{next}", "describedby", "{schema}")}
}

func tagSchema() object {
	return defining("tag", []string{"name"}, object{
		"name":       named("The tag"),
		"created_at": sometime("When the tag was defined"),
		"updated_at": sometime("When the tag last changed"),
	})
}

func resourceTypeSchema() object {
	return defining("resource_type_association", []string{"name"}, object{
		"name":              named("The type of resource, by Heat's name for it where it has one"),
		"prefix":            named("What stands before the names of properties on such a resource, with its separator"),
		"properties_target": named("Which of several sets of metadata such a resource has is meant"),
		"created_at":        sometime("When the namespace came to be for the type"),
		"updated_at":        sometime("When that last changed"),
	})
}
