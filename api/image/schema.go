package image

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"skylog/api"
	"skylog/commands"
)

// object is a part of a JSON schema. Clients build their models from these
// documents, so that what is missing here can't be set by them.
type object map[string]any

type (
	schemaIn struct {
		Name string `path:"name" maxLength:"64"`
	}
	documentOut struct{ Body object }
)

func mountSchemas(a huma.API) {
	api.Handle(a, "GET /schemas/{name}", api.Authenticated, http.StatusOK, func(_ context.Context, in *schemaIn) (*documentOut, error) {
		schema, ok := schemas[in.Name]
		if !ok {
			return nil, commands.Refuse(commands.NotFound, "There is no schema %s.", in.Name)
		}
		return &documentOut{schema}, nil
	})
	api.Handle(a, "GET /schemas/metadefs/{name}", api.Authenticated, http.StatusOK, func(_ context.Context, in *schemaIn) (*documentOut, error) {
		schema, ok := metadefSchemas[in.Name]
		if !ok {
			return nil, commands.Refuse(commands.NotFound, "There is no schema metadefs/%s.", in.Name)
		}
		return &documentOut{schema}, nil
	})
}

var schemas = map[string]object{
	"image":   imageSchema(),
	"images":  listSchema("images", imageSchema()),
	"member":  memberSchema(),
	"members": listSchema("members", memberSchema()),
	"task":    taskSchema(),
	"tasks":   listSchema("tasks", taskSchema()),
}

func typed(description string, kinds ...string) object {
	if len(kinds) == 1 {
		return object{"type": kinds[0], "description": description}
	}
	return object{"type": kinds, "description": description}
}

func (o object) with(name string, value any) object {
	o[name] = value
	return o
}

func (o object) readOnly() object { return o.with("readOnly", true) }

func imageSchema() object {
	formats := func(of []string) []any {
		all := []any{nil}
		for _, f := range of {
			all = append(all, f)
		}
		return all
	}
	return object{
		"name": "image",
		"properties": object{
			"id":               typed("The image's id", "string").with("pattern", uuidForm.String()),
			"name":             typed("A name for people", "null", "string").with("maxLength", maxName),
			"status":           typed("The image's state", "string").readOnly().with("enum", []string{"queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"}),
			"visibility":       typed("Who sees the image", "string").with("enum", visibilities),
			"protected":        typed("Whether the image is kept from being deleted", "boolean"),
			"os_hidden":        typed("Whether lists leave the image out unless asked", "boolean"),
			"checksum":         typed("The MD5 of the bytes", "null", "string").readOnly().with("maxLength", 32),
			"os_hash_algo":     typed("The algorithm of os_hash_value", "null", "string").readOnly().with("maxLength", 64),
			"os_hash_value":    typed("The hash of the bytes, in hex", "null", "string").readOnly().with("maxLength", 128),
			"owner":            typed("The project that owns the image", "null", "string").with("maxLength", maxName),
			"size":             typed("How many bytes the image has", "null", "integer").readOnly(),
			"virtual_size":     typed("How many bytes the disk has that it makes", "null", "integer").readOnly(),
			"container_format": typed("In what the disk is packed", "null", "string").with("enum", formats(containerFormats)),
			"disk_format":      typed("The format of the disk", "null", "string").with("enum", formats(diskFormats)),
			"created_at":       typed("When the image was put on record", "string").readOnly(),
			"updated_at":       typed("When the image last changed", "string").readOnly(),
			"tags":             typed("Words that go with the image", "array").with("items", object{"type": "string", "maxLength": maxName}),
			"direct_url":       typed("Where the bytes are in the store", "string").readOnly(),
			"min_ram":          typed("How many MiB of memory a machine needs to boot it", "integer"),
			"min_disk":         typed("How many GiB of disk a machine needs to boot it", "integer"),
			"self":             typed("The address of the image", "string").readOnly(),
			"file":             typed("The address of the bytes", "string").readOnly(),
			"schema":           typed("The address of this schema", "string").readOnly(),
			"stores":           typed("The stores that have the bytes", "string").readOnly(),
			"locations": typed("Where the bytes are", "array").with("items", object{"type": "object", "required": []string{"url", "metadata"},
				"properties": object{"url": object{"type": "string", "maxLength": maxName}, "metadata": object{"type": "object"}}}),
		},
		"additionalProperties": object{"type": "string"},
		"links":                links("self", "{self}", "enclosure", "{file}", "describedby", "{schema}"),
	}
}

func memberSchema() object {
	return object{
		"name": "member",
		"properties": object{
			"member_id":  typed("The project with which the image is shared", "string"),
			"image_id":   typed("The image's id", "string").with("pattern", uuidForm.String()),
			"created_at": typed("When the image was shared", "string"),
			"updated_at": typed("When the sharing last changed", "string"),
			"status":     typed("How the project took it", "string").with("enum", []string{"pending", "accepted", "rejected"}),
			"schema":     object{"type": "string", "readOnly": true},
		},
	}
}

func listSchema(name string, item object) object {
	return object{
		"name": name,
		"properties": object{
			name:     object{"type": "array", "items": item},
			"first":  object{"type": "string"},
			"next":   object{"type": "string"},
			"schema": object{"type": "string"},
		},
		"links": links("first", "{first}", "next", "{next}", "describedby", "{schema}"),
	}
}

func links(pairs ...string) (all []object) {
	for n := 0; n < len(pairs); n += 2 {
		all = append(all, object{"rel": pairs[n], "href": pairs[n+1]})
	}
	return all
}
