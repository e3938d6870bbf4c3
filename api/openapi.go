package api

import (
	_ "embed"
	"encoding/json"
	"net/http"
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
			for _, op := range []*huma.Operation{item.Get, item.Head, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil {
					op.Parameters = append(op.Parameters, common(op)...)
				}
			}
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
				"Who sends the same call again under one Idempotency-Key has it done once. " + aboutTime},
		"paths": paths,
		"components": map[string]any{"schemas": schemas, "parameters": commonParameters, "securitySchemes": map[string]any{
			"token": map[string]any{"type": "apiKey", "in": "header", "name": "X-Auth-Token"}}},
		"security": []any{map[string]any{"token": []any{}}},
	})
	if err != nil {
		g.log.Error("the OpenAPI document can't be made", "err", err)
		return []byte(`{}`)
	}
	return data
}

// aboutTime says what the parameters that calls have in common are for.
const aboutTime = "Reads that name " + AsOfHeader + " show the past, to whom may see the thing today and could then; changes that name " +
	DryRunHeader + " are rehearsed: the reply is that of the real call, with the count of the events that it would store in " + EventCountHeader +
	" and, where they are short, the events in " + EventsHeader + ". " +
	"A reply to a read has an ETag, and who sends it in If-None-Match gets 304 while it is what would be sent again."

// commonParameters are headers that many calls take.
var commonParameters = map[string]*huma.Param{
	"AsOf": header(AsOfHeader, "an RFC 3339 time or the id of an event; for those who see all events, a sequence too. "+
		"The reply repeats it. 400: it isn't a place in the log, or lies in the future; 410: the log doesn't reach back so far"),
	"DryRun": header(DryRunHeader, "true: nothing is done, and the reply is what it would be; events: "+
		"the body is {status, events, body}, with the reply's own status and body in it"),
	"IfNoneMatch": header("If-None-Match", "an ETag of this call: 304 without a body where the reply would be the same"),
}

func header(name, about string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
}

// common are those of them that an operation takes.
func common(op *huma.Operation) (all []*huma.Param) {
	o, read := op.Metadata[operationKey].(*Operation), op.Method == http.MethodGet || op.Method == http.MethodHead
	add := func(name string) { all = append(all, &huma.Param{Ref: "#/components/parameters/" + name}) }
	if read && !o.stream {
		add("IfNoneMatch")
	}
	if read && !o.stream && !o.present {
		add("AsOf")
	}
	if !read && !o.stream && !o.unrehearsed {
		add("DryRun")
	}
	return all
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
