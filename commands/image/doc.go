// Package image is what may be asked of the image service.
package image
