// Package image is what has happened in the image service.
package image

import "skylog/events"

// Catalog lists the event types of the service.
func Catalog() []events.Type {
	return []events.Type{
		events.Of[ImageCreated](), events.Of[ImageRenamed](), events.Of[ImageFormatsChosen](), events.Of[ImageRequirementsChanged](),
		events.Of[ImageVisibilityChanged](), events.Of[ImageProtectionChanged](), events.Of[ImageHidingChanged](), events.Of[ImageOwnerChanged](),
		events.Of[ImageTagged](), events.Of[ImageUntagged](), events.Of[ImagePropertiesChanged](),
		events.Of[ImageDeactivated](), events.Of[ImageReactivated](), events.Of[ImageDeleted](),
		events.Of[ImageUploadStarted](), events.Of[ImageUploadContinued](), events.Of[ImageUploadFailed](), events.Of[ImageUploaded](),
		events.Of[ImageStagingStarted](), events.Of[ImageStaged](), events.Of[ImageStoreDropped](),
		events.Of[ImportRequested](), events.Of[ImportContinued](), events.Of[ImageImported](), events.Of[ImageCopied](), events.Of[ImportFailed](), events.Of[TaskExpired](),
		events.Of[ImageMemberAdded](), events.Of[ImageMemberAnswered](), events.Of[ImageMemberRemoved](),
		events.Of[NamespaceCreated](), events.Of[NamespaceRedefined](), events.Of[NamespaceDeleted](), events.Of[NamespacesLoaded](),
		events.Of[DefinitionAdded](), events.Of[DefinitionReplaced](), events.Of[DefinitionRemoved](), events.Of[DefinitionsCleared](),
	}
}
