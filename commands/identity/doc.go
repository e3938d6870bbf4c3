// Package identity is what may be asked of the identity service.
//
// In a Change… command a nil pointer means: leave it as it is. Extra is a JSON
// object in its text form; in a Change… it is merged into what is there, and a
// null takes an attribute away. Passwords and secrets come as bcrypt hashes.
package identity
