package pqpush

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unsafe"
)

// flat is a list of values of one type on its way to be an Arrow array.
type flat struct {
	format string
	count  int
	fixed  []byte // values of one width, or 64-bit offsets
	text   []byte // of strings and binaries
}

// flatten makes lists of values, one for each type among them.
func flatten(values []any) ([]*flat, error) {
	var lists []*flat
	for _, value := range values {
		format, fixed, text, err := encode(value)
		if err != nil {
			return nil, err
		}
		list := find(&lists, format)
		switch format {
		case "b":
			if list.count%8 == 0 {
				list.fixed = append(list.fixed, 0)
			}
			list.fixed[list.count/8] |= fixed[0] << (list.count % 8)
		case "U", "Z":
			list.text = append(list.text, text...)
			list.fixed = binary.LittleEndian.AppendUint64(list.fixed, uint64(len(list.text)))
		default:
			list.fixed = append(list.fixed, fixed...)
		}
		list.count++
	}
	return lists, nil
}

func find(lists *[]*flat, format string) *flat {
	for _, list := range *lists {
		if list.format == format {
			return list
		}
	}
	list := &flat{format: format}
	if format == "U" || format == "Z" {
		list.fixed = make([]byte, 8)
	}
	*lists = append(*lists, list)
	return list
}

// encode gives the Arrow type of a value and its bytes.
func encode(value any) (format string, fixed []byte, text []byte, err error) {
	word := func(bits uint64) []byte { return binary.LittleEndian.AppendUint64(nil, bits) }
	switch value := value.(type) {
	case []byte:
		return "Z", nil, value, nil
	case Date:
		return "tdD", binary.LittleEndian.AppendUint32(nil, uint32(value)), nil, nil
	case time.Time:
		if value.Nanosecond()%1000 == 0 {
			return "tsu:UTC", word(uint64(value.UnixMicro())), nil, nil
		}
		return "tsn:UTC", word(uint64(value.UnixNano())), nil, nil
	}
	switch reflected := reflect.ValueOf(value); reflected.Kind() {
	case reflect.Bool:
		bit := byte(0)
		if reflected.Bool() {
			bit = 1
		}
		return "b", []byte{bit}, nil, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "l", word(uint64(reflected.Int())), nil, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "L", word(reflected.Uint()), nil, nil
	case reflect.Float32, reflect.Float64:
		return "g", word(math.Float64bits(reflected.Float())), nil, nil
	case reflect.String:
		return "U", nil, []byte(reflected.String()), nil
	}
	return "", nil, nil, invalid("a column cannot be compared with a %T", value)
}

// arrow is the list in memory of C, for a call that consumes it.
func (f *flat) arrow() (array C.struct_ArrowArray, schema C.struct_ArrowSchema) {
	format := C.CString(f.format)
	defer C.free(unsafe.Pointer(format))
	if C.bridge_flat_array(format, first(f.fixed), C.size_t(len(f.fixed)), first(f.text), C.size_t(len(f.text)),
		C.int64_t(f.count), &array, &schema) == 0 {
		panic("pqpush: out of memory")
	}
	return array, schema
}

func first(data []byte) unsafe.Pointer {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Pointer(&data[0])
}
