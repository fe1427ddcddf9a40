// SPDX-License-Identifier: Apache-2.0

package ordkey

import "encoding/binary"

const signBit = 1 << 63

// AppendUint16 appends v so that smaller values come first.
func AppendUint16(dst []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(dst, v) }

// AppendUint32 appends v so that smaller values come first.
func AppendUint32(dst []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(dst, v) }

// AppendUint64 appends v so that smaller values come first.
func AppendUint64(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }

// AppendUint32Desc appends v so that larger values come first.
func AppendUint32Desc(dst []byte, v uint32) []byte { return AppendUint32(dst, ^v) }

// AppendUint64Desc appends v so that larger values come first.
func AppendUint64Desc(dst []byte, v uint64) []byte { return AppendUint64(dst, ^v) }

// AppendInt64 appends v so that smaller values, negative ones before all others, come first.
func AppendInt64(dst []byte, v int64) []byte { return AppendUint64(dst, uint64(v)^signBit) }

// AppendInstant appends an instant, given in microseconds since 1970-01-01T00:00:00Z, so that earlier ones come first.
func AppendInstant(dst []byte, micros int64) []byte { return AppendInt64(dst, micros) }

// TakeUint16 reads what AppendUint16 wrote.
func TakeUint16(src []byte) (v uint16, rest []byte, err error) {
	if len(src) < 2 {
		return 0, src, ErrMalformed
	}
	return binary.BigEndian.Uint16(src), src[2:], nil
}

// TakeUint32 reads what AppendUint32 wrote.
func TakeUint32(src []byte) (v uint32, rest []byte, err error) {
	if len(src) < 4 {
		return 0, src, ErrMalformed
	}
	return binary.BigEndian.Uint32(src), src[4:], nil
}

// TakeUint64 reads what AppendUint64 wrote.
func TakeUint64(src []byte) (v uint64, rest []byte, err error) {
	if len(src) < 8 {
		return 0, src, ErrMalformed
	}
	return binary.BigEndian.Uint64(src), src[8:], nil
}

// TakeUint32Desc reads what AppendUint32Desc wrote.
func TakeUint32Desc(src []byte) (v uint32, rest []byte, err error) {
	v, rest, err = TakeUint32(src)
	if err != nil {
		return 0, rest, err
	}
	return ^v, rest, nil
}

// TakeUint64Desc reads what AppendUint64Desc wrote.
func TakeUint64Desc(src []byte) (v uint64, rest []byte, err error) {
	v, rest, err = TakeUint64(src)
	if err != nil {
		return 0, rest, err
	}
	return ^v, rest, nil
}

// TakeInt64 reads what AppendInt64 wrote.
func TakeInt64(src []byte) (v int64, rest []byte, err error) {
	u, rest, err := TakeUint64(src)
	if err != nil {
		return 0, rest, err
	}
	return int64(u ^ signBit), rest, nil
}

// TakeInstant reads what AppendInstant wrote, in microseconds.
func TakeInstant(src []byte) (micros int64, rest []byte, err error) { return TakeInt64(src) }
