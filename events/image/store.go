package image

// ImageStoreDropped says that one store no longer has the image's bytes; others do.
type ImageStoreDropped struct{ ID, Store string }

// EventType is the wire name.
func (ImageStoreDropped) EventType() string { return "image.store.dropped" }
