package api

import (
	_ "embed"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

//go:embed docs.html
var docsPage []byte

// schemaNamer names a service's schemas: "compute.Keypair". Names that stand
// for two types, as unnamed ones may, would break the document; huma panics then.
func schemaNamer(service string) func(reflect.Type, string) string {
	return func(t reflect.Type, hint string) string { return service + "." + huma.DefaultSchemaNamer(t, hint) }
}

// openAPI merges the documents of all services.
func (g *Gateway) openAPI() []byte {
	paths, schemas := map[string]any{}, map[string]any{}
	for _, m := range g.mounts {
		doc := m.OpenAPI()
		for path, item := range doc.Paths {
			paths[m.service.Root+m.service.Prefix+path] = item
		}
		for name, schema := range doc.Components.Schemas.Map() {
			schemas[name] = schema
		}
	}
	data, err := json.Marshal(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "Skylog", "version": "1",
			"description": "The OpenStack APIs of this cloud. A call needs a token in X-Auth-Token unless its policy is \"open\". " +
				"The reply of a call that changes something names its command in " + CommandHeader + "; " +
				"what became of it, GET /v1/commands/{id} tells, also where no reply came. " +
				"Who sends the same call again under one Idempotency-Key has it done once."},
		"paths": paths,
		"components": map[string]any{"schemas": schemas, "securitySchemes": map[string]any{
			"token": map[string]any{"type": "apiKey", "in": "header", "name": "X-Auth-Token"}}},
		"security": []any{map[string]any{"token": []any{}}},
	})
	if err != nil {
		g.log.Error("the OpenAPI document can't be made", "err", err)
		return []byte(`{}`)
	}
	return data
}

// wordComplaints makes huma say what is wrong with a request as OpenStack's
// users know it.
func wordComplaints() {
	validation.MsgUnexpectedProperty = "Additional properties are not allowed (it was unexpected)"
	validation.MsgExpectedRequiredProperty = "'%s' is a required property"
	validation.MsgExpectedMinLength = "It is too short: it must have at least %d characters"
	validation.MsgExpectedMaxLength = "It is too long: it may have at most %d characters"
	validation.MsgExpectedOneOf = "It is not one of \"%s\""
	validation.MsgExpectedString = "It is not of type 'string'"
	validation.MsgExpectedInteger = "It is not of type 'integer'"
	validation.MsgExpectedNumber = "It is not of type 'number'"
	validation.MsgExpectedBoolean = "It is not of type 'boolean'"
	validation.MsgExpectedObject = "It is not of type 'object'"
	validation.MsgExpectedArray = "It is not of type 'array'"
	validation.MsgExpectedMinimumNumber = "It is less than the minimum of %v"
	validation.MsgExpectedMaximumNumber = "It is greater than the maximum of %v"
	validation.MsgExpectedMatchPattern = "It does not match the regex: %s"
	validation.MsgExpectedRFC4122UUID = "It is not a 'uuid': %v"
}
