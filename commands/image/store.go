package image

// DropFromStore forgets the bytes that one of several stores has.
type DropFromStore struct{ ID, Store string }

// CommandType is the wire name.
func (DropFromStore) CommandType() string { return "image.store.drop" }
