// Package placement is what may be asked of the placement service.
package placement
