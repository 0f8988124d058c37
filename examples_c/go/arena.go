package pqpush

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import "unsafe"

// arena is memory of C for the time of a call: what C is given a pointer to may not have pointers to memory of Go in it.
type arena struct {
	blocks []unsafe.Pointer
}

func (a *arena) free() {
	for _, block := range a.blocks {
		C.free(block)
	}
}

// zeroed is room for count elements of a size, all zero; not nil, also for none.
func (a *arena) zeroed(count int, size uintptr) unsafe.Pointer {
	block := C.calloc(C.size_t(count)+1, C.size_t(size))
	if block == nil {
		panic("pqpush: out of memory")
	}
	a.blocks = append(a.blocks, block)
	return block
}

func (a *arena) bytes(data []byte) (*C.uint8_t, C.size_t) {
	if len(data) == 0 {
		return nil, 0
	}
	block := C.CBytes(data)
	a.blocks = append(a.blocks, block)
	return (*C.uint8_t)(block), C.size_t(len(data))
}

func (a *arena) text(text string) C.pqpush_str {
	data, length := a.bytes([]byte(text))
	return C.pqpush_str{data: (*C.char)(unsafe.Pointer(data)), length: length}
}

func (a *arena) texts(texts []string) *C.pqpush_str {
	block := (*C.pqpush_str)(a.zeroed(len(texts), C.sizeof_pqpush_str))
	for i, text := range texts {
		unsafe.Slice(block, len(texts))[i] = a.text(text)
	}
	return block
}

func goText(text C.pqpush_str) string { return string(goBytes(text.data, text.length)) }

// goBytes are bytes of C, which are not copied.
func goBytes(data *C.char, length C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))
}
