// Package identity is what may be asked of the identity service.
package identity
