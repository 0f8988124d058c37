package pqpush

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"io"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// PageIndex says whether the page index of a file is read.
type PageIndex int32

const (
	PageIndexWhereThereIsOne PageIndex = 0
	PageIndexNever           PageIndex = 1
	PageIndexRequired        PageIndex = 2
)

// OpenOptions say how to read the metadata of a file. Zero is the default of every field.
type OpenOptions struct {
	FooterSizeHint   uint64 // bytes of the tail of the file to read first; 0: 64 KiB
	PageIndex        PageIndex
	MaxMetadataBytes uint64 // larger metadata is ErrLimit; 0: 256 MiB
	UnverifiedFooter bool   // read a signed footer without its key

	// Keys of encrypted files, of 16, 24 or 32 bytes; those of columns by dotted path.
	FooterKey  []byte
	ColumnKeys map[string][]byte
	AADPrefix  []byte // where the file does not store it
	// KeyRetriever finds keys that are not given, by the key metadata that the file has for them; nil where there is none.
	KeyRetriever func(keyMetadata []byte) ([]byte, error)
}

// File is a Parquet file whose metadata was read.
type File struct {
	metadata *C.pqpush_metadata
	reader   io.ReaderAt
	size     int64
}

// Open reads the metadata of a file of so many bytes. options may be nil.
func Open(reader io.ReaderAt, size int64, options *OpenOptions) (*File, error) {
	if size < 0 {
		return nil, invalid("a file of %d bytes", size)
	}
	var slot failureSlot
	decoder, err := newMetadataDecoder(size, options, &slot)
	if err != nil {
		return nil, err
	}
	defer C.pqpush_metadata_decoder_free(decoder)
	for {
		var event C.pqpush_event
		event.struct_size = C.sizeof_pqpush_event
		var metadata *C.pqpush_metadata
		var cError *C.pqpush_error
		status := C.pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &cError)
		if err := failure(status, &cError); err != nil {
			return nil, slot.explain(err)
		}
		if metadata != nil {
			file := &File{metadata: metadata, reader: reader, size: size}
			runtime.SetFinalizer(file, (*File).Close)
			return file, nil
		}
		for _, wanted := range unsafe.Slice(event.ranges, int(event.range_count)) {
			data, err := readRange(reader, wanted)
			if err != nil {
				return nil, err
			}
			status := C.pqpush_metadata_decoder_push(decoder, wanted.offset, (*C.uint8_t)(data), C.size_t(wanted.length), &cError)
			C.free(data)
			if err := failure(status, &cError); err != nil {
				return nil, err
			}
		}
	}
}

func newMetadataDecoder(size int64, options *OpenOptions, slot *failureSlot) (*C.pqpush_metadata_decoder, error) {
	var memory arena
	defer memory.free()
	if options == nil {
		options = &OpenOptions{}
	}
	c := (*C.pqpush_metadata_options)(memory.zeroed(1, C.sizeof_pqpush_metadata_options))
	c.struct_size = C.sizeof_pqpush_metadata_options
	c.footer_size_hint = C.uint64_t(options.FooterSizeHint)
	c.page_index = C.int32_t(options.PageIndex)
	c.max_metadata_bytes = C.uint64_t(options.MaxMetadataBytes)
	if options.UnverifiedFooter {
		c.flags = C.PQPUSH_METADATA_UNVERIFIED_FOOTER
	}
	c.footer_key, c.footer_key_length = memory.bytes(options.FooterKey)
	c.aad_prefix, c.aad_prefix_length = memory.bytes(options.AADPrefix)
	c.column_keys = (*C.pqpush_column_key)(memory.zeroed(len(options.ColumnKeys), C.sizeof_pqpush_column_key))
	for path, key := range options.ColumnKeys {
		place := &unsafe.Slice(c.column_keys, len(options.ColumnKeys))[c.column_key_count]
		place.column = memory.text(path)
		place.key, place.key_length = memory.bytes(key)
		c.column_key_count++
	}
	if options.KeyRetriever != nil {
		handle := cgo.NewHandle(&keyRetriever{options.KeyRetriever, slot})
		C.bridge_set_key_retriever(c, C.bridge_handle_new(C.uintptr_t(handle)))
	}
	var decoder *C.pqpush_metadata_decoder
	var cError *C.pqpush_error
	status := C.pqpush_metadata_decoder_new(C.uint64_t(size), c, &decoder, &cError)
	return decoder, failure(status, &cError)
}

// readRange reads into memory of C, which the caller owns.
func readRange(reader io.ReaderAt, wanted C.pqpush_range) (unsafe.Pointer, error) {
	data := C.malloc(C.size_t(wanted.length))
	read, err := reader.ReadAt(goBytes((*C.char)(data), C.size_t(wanted.length)), int64(wanted.offset))
	if read == int(wanted.length) {
		return data, nil
	}
	C.free(data)
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("pqpush: read %d bytes from %d: %w", wanted.length, wanted.offset, err)
}

// Close gives up the metadata. What was made from the file goes on.
func (f *File) Close() error {
	C.pqpush_metadata_free(f.metadata)
	f.metadata = nil
	runtime.SetFinalizer(f, nil)
	return nil
}
