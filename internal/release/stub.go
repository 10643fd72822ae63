package release

// Sign gives the head as a signed note (golang.org/x/mod/sumdb/note): the text lines, a blank line, the signature.
func Sign(h Head, key SigningKey) ([]byte, error) { panic("stub") }

// Open verifies a signed note with the keys (any of them suffices) and reads the head; ErrSignature, ErrFormat or ErrReader.
func Open(signed []byte, keys []VerifyKey) (Head, error) { panic("stub") }

// SigningKey and VerifyKey are the keys' text forms of sumdb/note.
type SigningKey string

// VerifyKey is public.
type VerifyKey string

// NewKey makes an ed25519 key pair with this name.
func NewKey(name string) (SigningKey, VerifyKey, error) { panic("stub") }

// Encode gives the entry's bytes (JSON header, delta compressed) within store.MaxNode, or ErrTooLarge.
func (e Entry) Encode() ([]byte, error) { panic("stub") }

// DecodeEntry reads what Encode made.
func DecodeEntry(b []byte) (Entry, error) { panic("stub") }
