package public

import evt "skylog/events/image"

func init() {
	on(func(e evt.ImageCreated) About { return About{Subject: Subject{ID: e.ID}, Project: e.OwnerID} })
	its(func(e evt.ImageRenamed) string { return e.ID })
	its(func(e evt.ImageFormatsChosen) string { return e.ID })
	its(func(e evt.ImageRequirementsChanged) string { return e.ID })
	its(func(e evt.ImageVisibilityChanged) string { return e.ID })
	its(func(e evt.ImageProtectionChanged) string { return e.ID })
	its(func(e evt.ImageHidingChanged) string { return e.ID })
	on(func(e evt.ImageOwnerChanged) About { return About{Subject: Subject{ID: e.ID}, Project: e.OwnerID} })
	its(func(e evt.ImageTagged) string { return e.ID })
	its(func(e evt.ImageUntagged) string { return e.ID })
	its(func(e evt.ImagePropertiesChanged) string { return e.ID })
	its(func(e evt.ImageDeactivated) string { return e.ID })
	its(func(e evt.ImageReactivated) string { return e.ID })
	its(func(e evt.ImageDeleted) string { return e.ID })
	its(func(e evt.ImageUploaded) string { return e.ID })

	on(func(e evt.ImageUploadStarted) About { return About{Subject: image(e.ID)} })
	on(func(e evt.ImageUploadContinued) About { return About{Subject: image(e.ID)} })
	on(func(e evt.ImageUploadFailed) About { return About{Subject: image(e.ID)} })

	on(func(e evt.ImageStagingStarted) About { return About{Subject: image(e.ID)} })
	on(func(e evt.ImageStaged) About { return About{Subject: image(e.ID)} })
	on(func(e evt.ImageStoreDropped) About { return About{Subject: image(e.ID)} })
	on(func(e evt.ImportRequested) About { return About{Subject: image(e.ImageID)} })
	on(func(e evt.ImportContinued) About { return About{Subject: image(e.ImageID)} })
	on(func(e evt.ImageImported) About { return About{Subject: image(e.ImageID)} })
	on(func(e evt.ImageCopied) About { return About{Subject: image(e.ImageID)} })
	on(func(e evt.ImportFailed) About { return About{Subject: image(e.ImageID)} })

	internal(func(e evt.TaskExpired) string { return e.TaskID })

	on(func(e evt.NamespaceCreated) About { return namespace(e.Namespace) })
	on(func(e evt.NamespaceRedefined) About { return namespace(e.Namespace) })
	on(func(e evt.NamespaceDeleted) About { return namespace(e.Namespace) })
	on(func(evt.NamespacesLoaded) About { return namespace("default") })
	on(func(e evt.DefinitionAdded) About { return namespace(e.Namespace) })
	on(func(e evt.DefinitionReplaced) About { return namespace(e.Namespace) })
	on(func(e evt.DefinitionRemoved) About { return namespace(e.Namespace) })
	on(func(e evt.DefinitionsCleared) About { return namespace(e.Namespace) })

	on(func(e evt.ImageMemberAdded) About { return member(e.ImageID, e.MemberID) })
	on(func(e evt.ImageMemberAnswered) About { return member(e.ImageID, e.MemberID) })
	on(func(e evt.ImageMemberRemoved) About { return member(e.ImageID, e.MemberID) })
}

func image(id string) Subject { return Subject{"image", "image", id} }

// member is an event of an image that the project it is shared with sees too.
func member(imageID, project string) About {
	return About{Subject: image(imageID), For: []Audience{Project(project)}}
}

// namespace is an event of metadata definitions, which are administrators' work.
func namespace(name string) About { return About{Subject: Subject{"image", "namespace", name}} }
