// Package image has the rules of the image service: what an image may become,
// from what, and how many there may be.
package image

import "skylog/handlers"

// Register registers the service's deciders.
func Register(r *handlers.Registry) {
	handlers.On(r, CreateImage)
	handlers.On(r, ChangeImage)
	handlers.On(r, TagImage)
	handlers.On(r, UntagImage)
	handlers.On(r, DeactivateImage)
	handlers.On(r, ReactivateImage)
	handlers.On(r, DeleteImage)
	handlers.On(r, StartUpload)
	handlers.On(r, ContinueUpload)
	handlers.On(r, FailUpload)
	handlers.On(r, FinishUpload)
	handlers.On(r, StageUpload)
	handlers.On(r, FinishStaging)
	handlers.On(r, RequestImport)
	handlers.On(r, ContinueImport)
	handlers.On(r, FinishImport)
	handlers.On(r, FailImport)
	handlers.On(r, DropFromStore)
	handlers.On(r, CreateNamespace)
	handlers.On(r, RedefineNamespace)
	handlers.On(r, DeleteNamespace)
	handlers.On(r, LoadNamespaces)
	handlers.On(r, AddDefinitions)
	handlers.On(r, ReplaceDefinition)
	handlers.On(r, RemoveDefinition)
	handlers.On(r, ClearDefinitions)
	handlers.On(r, PassDeadline)
	handlers.On(r, AddMember)
	handlers.On(r, AnswerMember)
	handlers.On(r, RemoveMember)
}
