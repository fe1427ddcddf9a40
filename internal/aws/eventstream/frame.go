// SPDX-License-Identifier: Apache-2.0

package eventstream

import (
	"bytes"
	"encoding/binary"
	"io"

	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// frameOverhead is what a message has besides headers and payload: lengths and checksums.
const frameOverhead = 16

// readFrame reads one whole message of at most limit bytes into buf, which it grows if need be. It fails with io.EOF where the
// stream ends between messages, and with io.ErrUnexpectedEOF within one.
func readFrame(r io.Reader, buf []byte, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return buf, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < frameOverhead || uint64(n) > uint64(limit) {
		return buf, errFrame("a message of a length that is not allowed")
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	copy(buf, head[:])
	if _, err := io.ReadFull(r, buf[4:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return buf, err
	}
	return buf, nil
}

// parseMessage decodes one whole message.
func parseMessage(b []byte) (sdk.Message, error) {
	if len(b) < frameOverhead || uint64(binary.BigEndian.Uint32(b)) != uint64(len(b)) {
		return sdk.Message{}, errFrame("a message of a length that is not allowed")
	}
	if uint64(binary.BigEndian.Uint32(b[4:])) > uint64(len(b)-frameOverhead) {
		return sdk.Message{}, errFrame("a message whose headers are longer than it is")
	}
	m, err := sdk.NewDecoder().Decode(bytes.NewReader(b), nil)
	if err != nil {
		return sdk.Message{}, errFrame("a message that is damaged")
	}
	return m, nil
}
