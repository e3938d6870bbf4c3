package compute

import (
	"cmp"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"skylog/api"
	"skylog/commands"
	cmd "skylog/commands/compute"
)

// keyBits is the size of keys made here, Nova's.
const keyBits = 2048

// safeName are the characters a keypair's name may have; since 2.92 two more.
const safeName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- "

// readOrMakeKey checks the key that was sent, or makes a pair where none was,
// which from 2.92 on nobody is asked to do.
func readOrMakeKey(at api.Version, userID string, want createKeypair) (key cmd.ImportKeypair, private string, err error) {
	key = cmd.ImportKeypair{UserID: userID, Name: want.Name, Type: cmp.Or(want.Type, "ssh")}
	safe := safeName
	if !at.Before(2, 92) {
		safe += "@."
	}
	if strings.Trim(want.Name, safe) != "" || strings.ContainsFunc(want.Name, func(r rune) bool { return !strings.ContainsRune(safe, r) }) {
		return key, "", commands.Refuse(commands.Invalid, "Keypair data is invalid: Keypair name contains unsafe characters")
	}
	if strings.TrimSpace(want.Name) != want.Name {
		return key, "", commands.Refuse(commands.Invalid, "Invalid input for field/attribute name. It can't begin or end with white space.")
	}
	switch {
	case want.PublicKey != nil:
		key.PublicKey = *want.PublicKey
	case !at.Before(2, 92):
		return key, "", commands.Refuse(commands.Invalid, "Invalid input for field/attribute keypair. 'public_key' is a required property")
	default:
		if key.PublicKey, private, err = makeKey(key.Type, userID); err != nil {
			return key, "", err
		}
	}
	key.Fingerprint, err = fingerprint(key.Type, key.PublicKey)
	return key, private, err
}

func fingerprint(kind, public string) (string, error) {
	if kind == "x509" {
		block, _ := pem.Decode([]byte(public))
		if block == nil || block.Type != "CERTIFICATE" {
			return "", badKey()
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", badKey()
		}
		sum := sha1.Sum(block.Bytes)
		return colons(sum[:]), nil
	}
	parsed, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
		return "", badKey()
	}
	sum := md5.Sum(parsed.Marshal()) // the form that SSH clients and Nova show, not a safeguard
	return colons(sum[:]), nil
}

func badKey() error {
	return commands.Refuse(commands.Invalid, "Keypair data is invalid: failed to generate fingerprint")
}

func colons(sum []byte) string {
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(pairs, ":")
}

func makeKey(kind, userID string) (public, private string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", "", err
	}
	if kind == "x509" {
		return makeCertificate(key, userID)
	}
	sshKey, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		return "", "", err
	}
	public = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshKey))) + " Generated-by-Nova"
	private = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return public, private, nil
}

// certificateLife is how long a made certificate is good for.
const certificateLife = 10 * 365 * 24 * time.Hour

// makeCertificate makes a certificate by which Windows guests let a user in over
// WinRM: they look for the user principal name in it.
func makeCertificate(key *rsa.PrivateKey, userID string) (public, private string, err error) {
	principal, err := asn1.MarshalWithParams(userID+"@localhost", "utf8,explicit,tag:0")
	if err != nil {
		return "", "", err
	}
	name, err := asn1.Marshal(struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue
	}{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}, asn1.RawValue{FullBytes: principal}})
	if err != nil {
		return "", "", err
	}
	name[0] = 0xa0 // an otherName is context-specific 0
	names, err := asn1.Marshal([]asn1.RawValue{{FullBytes: name}})
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: userID}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), nil
}
