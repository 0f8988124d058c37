package pqpush

/*
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// schema owns the schema that the batches of a scan share.
type schema struct {
	schema C.struct_ArrowSchema
}

func newSchema() *schema {
	s := &schema{}
	runtime.SetFinalizer(s, (*schema).release)
	return s
}

func (s *schema) release() {
	C.bridge_release_schema(&s.schema)
	runtime.SetFinalizer(s, nil)
}

// Batch is rows of a file, or what the file says of itself in the same shape. It outlives the scan and the file.
type Batch struct {
	array C.struct_ArrowArray
	types *schema
	// The row group that the rows come from; -1 where there are several.
	RowGroup int64
}

func newBatch() *Batch {
	b := &Batch{RowGroup: -1}
	runtime.SetFinalizer(b, (*Batch).Release)
	return b
}

// with gives a batch its schema, or gives it up.
func (b *Batch) with(types *schema, err error) (*Batch, error) {
	if err != nil {
		b.Release()
		return nil, err
	}
	b.types = types
	return b, nil
}

// Release gives the memory back. After it the batch has no rows and no columns, and slices from it may not be used.
func (b *Batch) Release() {
	C.bridge_release_array(&b.array)
	b.array = C.struct_ArrowArray{}
	runtime.SetFinalizer(b, nil)
}

// Rows of the batch.
func (b *Batch) RowCount() int { return int(b.array.length) }

// Columns of the batch.
func (b *Batch) ColumnCount() int { return int(b.array.n_children) }

// Column is the column with this ordinal. It panics where there is none.
func (b *Batch) Column(index int) Column {
	array := unsafe.Slice(b.array.children, b.ColumnCount())[index]
	types := unsafe.Slice(b.types.schema.children, b.ColumnCount())[index]
	return Column{b, array, types, int(array.offset + b.array.offset), b.RowCount()}
}

// ColumnByName is the first column of this name.
func (b *Batch) ColumnByName(name string) (Column, bool) {
	for i := 0; i < b.ColumnCount(); i++ {
		if column := b.Column(i); column.Name() == name {
			return column, true
		}
	}
	return Column{}, false
}

// MoveTo gives the batch away through the Arrow C Data Interface: array points to a struct ArrowArray, which is written and
// owned by the caller after it. Other packages for Arrow take it. The batch is empty then; for its schema see Rows.ExportSchema.
func (b *Batch) MoveTo(array unsafe.Pointer) {
	*(*C.struct_ArrowArray)(array) = b.array
	b.array = C.struct_ArrowArray{}
	runtime.SetFinalizer(b, nil)
}

// Column is a column of a batch. It keeps the batch from being collected, but not from Release.
type Column struct {
	batch  *Batch
	array  *C.struct_ArrowArray
	types  *C.struct_ArrowSchema
	offset int
	length int
}

// Name of the column.
func (c Column) Name() string {
	defer runtime.KeepAlive(c.batch)
	return C.GoString(c.types.name)
}

// Type is the type in the words of the Arrow C Data Interface, such as "l" for int64; of a dictionary, that of its keys.
func (c Column) Type() string {
	defer runtime.KeepAlive(c.batch)
	return C.GoString(c.types.format)
}

// Len is the number of rows.
func (c Column) Len() int { return c.length }

func (c Column) buffer(index int) unsafe.Pointer {
	return unsafe.Slice(c.array.buffers, int(c.array.n_buffers))[index]
}

func (c Column) check(row int) {
	if row < 0 || row >= c.length {
		panic(fmt.Sprintf("pqpush: row %d of a column of %d rows", row, c.length))
	}
}

func (c Column) bit(buffer, row int) bool {
	c.check(row)
	at := c.offset + row
	return *(*byte)(unsafe.Add(c.buffer(buffer), at/8))>>(at%8)&1 != 0
}

// IsNull says whether a row is null.
func (c Column) IsNull(row int) bool {
	defer runtime.KeepAlive(c.batch)
	c.check(row)
	return c.array.n_buffers > 0 && c.buffer(0) != nil && !c.bit(0, row)
}

// Bool is a value of a Boolean column; of others it panics.
func (c Column) Bool(row int) bool {
	defer runtime.KeepAlive(c.batch)
	if c.Type() != "b" {
		panic("pqpush: column " + c.Name() + " is not Boolean")
	}
	return c.bit(1, row)
}

// Bytes is a string or a binary of any layout, not copied: it may be used until the batch is released, and as long as the
// batch is kept. Of other columns it panics.
func (c Column) Bytes(row int) []byte {
	defer runtime.KeepAlive(c.batch)
	c.check(row)
	at := c.offset + row
	switch c.Type() {
	case "u", "z":
		offsets := unsafe.Slice((*int32)(c.buffer(1)), at+2)
		return c.cut(2, int(offsets[at]), int(offsets[at+1]))
	case "U", "Z":
		offsets := unsafe.Slice((*int64)(c.buffer(1)), at+2)
		return c.cut(2, int(offsets[at]), int(offsets[at+1]))
	case "vu", "vz":
		// Length, then up to 12 bytes of text, or the first four of them, number and offset of a buffer.
		view := unsafe.Add(c.buffer(1), 16*at)
		part := func(place int) int { return int(*(*int32)(unsafe.Add(view, place))) }
		if length := part(0); length > 12 {
			return c.cut(2+part(8), part(12), part(12)+length)
		}
		return unsafe.Slice((*byte)(unsafe.Add(view, 4)), part(0))
	}
	panic("pqpush: column " + c.Name() + " is neither string nor binary")
}

func (c Column) cut(buffer, start, end int) []byte {
	return unsafe.Slice((*byte)(c.buffer(buffer)), end)[start:end]
}

// Text is a copy of a string; of columns of other types than Bytes takes it panics.
func (c Column) Text(row int) string {
	defer runtime.KeepAlive(c.batch)
	return string(c.Bytes(row))
}

// Dictionary is what the keys of a dictionary-encoded column stand for.
func (c Column) Dictionary() (Column, bool) {
	defer runtime.KeepAlive(c.batch)
	if c.array.dictionary == nil {
		return Column{}, false
	}
	values := c.array.dictionary
	return Column{c.batch, values, c.types.dictionary, int(values.offset), int(values.length)}, true
}

// Number is what columns of numbers, dates and times are stored as.
type Number interface {
	int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64
}

// Values are the values of a column that is stored as T: numbers, and dates, times, timestamps and durations as integers. Where
// a row is null, any value stands. They are not copied: they may be used until the batch is released, and as long as it is kept.
func Values[T Number](c Column) ([]T, error) {
	defer runtime.KeepAlive(c.batch)
	var value T
	kind := c.Type()
	switch {
	case kind == "tdD" || kind == "tts" || kind == "ttm":
		kind = "i"
	case kind == "tdm" || strings.HasPrefix(kind, "tt") || strings.HasPrefix(kind, "ts") || strings.HasPrefix(kind, "tD"):
		kind = "l"
	}
	if kind != storedAs(any(value)) {
		return nil, invalid("column %s of type %q is not stored as %T", c.Name(), c.Type(), value)
	}
	if c.length > math.MaxInt-c.offset || c.length == 0 {
		return nil, nil
	}
	return unsafe.Slice((*T)(c.buffer(1)), c.offset+c.length)[c.offset:], nil
}

func storedAs(value any) string {
	switch value.(type) {
	case int8:
		return "c"
	case uint8:
		return "C"
	case int16:
		return "s"
	case uint16:
		return "S"
	case int32:
		return "i"
	case uint32:
		return "I"
	case int64:
		return "l"
	case uint64:
		return "L"
	case float32:
		return "f"
	default:
		return "g"
	}
}
