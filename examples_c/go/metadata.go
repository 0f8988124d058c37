package pqpush

/*
#include "bridge.h"
*/
import "C"

import "runtime"

// KeyValue is an entry of key-value metadata. Keys may repeat.
type KeyValue struct {
	Key, Value string
	HasValue   bool
}

// RowGroup is what the metadata says of a row group.
type RowGroup struct {
	Rows                               uint64
	CompressedBytes, UncompressedBytes uint64
	FileOffset                         uint64
}

// ColumnInfo is what the metadata says of a leaf column.
type ColumnInfo struct {
	Path         string // dotted, the way ScanOptions names it
	LogicalType  string // such as "DECIMAL(15,2)"; empty where there is none
	PhysicalType string // such as "BYTE_ARRAY"
	TypeLength   uint32
	// Numbers of optional and repeated, and of repeated elements on the path.
	MaxDefinitionLevel, MaxRepetitionLevel uint32
}

// ColumnChunk is what the metadata says of a leaf column of a row group.
type ColumnChunk struct {
	Values                             uint64
	CompressedBytes, UncompressedBytes uint64
	FileOffset                         uint64
	Codec                              string // such as "ZSTD"
	HasOffsetIndex, HasColumnIndex     bool
	HasBloomFilter, IsEncrypted        bool
}

// Rows of the file.
func (f *File) RowCount() uint64 {
	defer runtime.KeepAlive(f)
	return uint64(C.pqpush_metadata_row_count(f.metadata))
}

// Row groups of the file.
func (f *File) RowGroupCount() int {
	defer runtime.KeepAlive(f)
	return int(C.pqpush_metadata_row_group_count(f.metadata))
}

// Leaf columns of the file.
func (f *File) ColumnCount() int {
	defer runtime.KeepAlive(f)
	return int(C.pqpush_metadata_column_count(f.metadata))
}

// CreatedBy is the application that wrote the file.
func (f *File) CreatedBy() string {
	defer runtime.KeepAlive(f)
	return goText(C.pqpush_metadata_created_by(f.metadata))
}

// KeyValues is the key-value metadata of the file.
func (f *File) KeyValues() []KeyValue {
	defer runtime.KeepAlive(f)
	entries := make([]KeyValue, C.pqpush_metadata_key_value_count(f.metadata))
	for i := range entries {
		var key, value C.pqpush_str
		C.pqpush_metadata_key_value(f.metadata, C.size_t(i), &key, &value, nil)
		entries[i] = KeyValue{goText(key), goText(value), value.data != nil}
	}
	return entries
}

// RowGroup describes the row group with this ordinal.
func (f *File) RowGroup(rowGroup int) (RowGroup, error) {
	defer runtime.KeepAlive(f)
	var info C.pqpush_row_group_info
	var cError *C.pqpush_error
	info.struct_size = C.sizeof_pqpush_row_group_info
	status := C.pqpush_metadata_row_group(f.metadata, C.size_t(rowGroup), &info, &cError)
	return RowGroup{
		Rows:              uint64(info.row_count),
		CompressedBytes:   uint64(info.compressed_bytes),
		UncompressedBytes: uint64(info.uncompressed_bytes),
		FileOffset:        uint64(info.file_offset),
	}, failure(status, &cError)
}

// Column describes the leaf column with this ordinal.
func (f *File) Column(column int) (ColumnInfo, error) {
	defer runtime.KeepAlive(f)
	var info C.pqpush_column_info
	var cError *C.pqpush_error
	info.struct_size = C.sizeof_pqpush_column_info
	status := C.pqpush_metadata_column(f.metadata, C.size_t(column), &info, &cError)
	if err := failure(status, &cError); err != nil {
		return ColumnInfo{}, err
	}
	return ColumnInfo{
		Path:               goText(info.path),
		LogicalType:        goText(info.logical_type),
		PhysicalType:       C.GoString(C.pqpush_physical_type_name(info.physical_type)),
		TypeLength:         uint32(info.type_length),
		MaxDefinitionLevel: uint32(info.max_definition_level),
		MaxRepetitionLevel: uint32(info.max_repetition_level),
	}, nil
}

// FindColumn is the ordinal of the leaf column with this dotted path.
func (f *File) FindColumn(path string) (int, error) {
	defer runtime.KeepAlive(f)
	var memory arena
	defer memory.free()
	var column C.size_t
	var cError *C.pqpush_error
	status := C.pqpush_metadata_find_column(f.metadata, memory.text(path), &column, &cError)
	return int(column), failure(status, &cError)
}

// ColumnChunk describes a leaf column of a row group.
func (f *File) ColumnChunk(rowGroup, column int) (ColumnChunk, error) {
	defer runtime.KeepAlive(f)
	var info C.pqpush_column_chunk_info
	var cError *C.pqpush_error
	info.struct_size = C.sizeof_pqpush_column_chunk_info
	status := C.pqpush_metadata_column_chunk(f.metadata, C.size_t(rowGroup), C.size_t(column), &info, &cError)
	if err := failure(status, &cError); err != nil {
		return ColumnChunk{}, err
	}
	return ColumnChunk{
		Values:            uint64(info.value_count),
		CompressedBytes:   uint64(info.compressed_bytes),
		UncompressedBytes: uint64(info.uncompressed_bytes),
		FileOffset:        uint64(info.file_offset),
		Codec:             C.GoString(C.pqpush_codec_name(info.codec)),
		HasOffsetIndex:    info.flags&C.PQPUSH_COLUMN_CHUNK_OFFSET_INDEX != 0,
		HasColumnIndex:    info.flags&C.PQPUSH_COLUMN_CHUNK_COLUMN_INDEX != 0,
		HasBloomFilter:    info.flags&C.PQPUSH_COLUMN_CHUNK_BLOOM_FILTER != 0,
		IsEncrypted:       info.flags&C.PQPUSH_COLUMN_CHUNK_ENCRYPTED != 0,
	}, nil
}

// ColumnStatistics is what the file says about the values of a leaf column: a row for each row group, with the columns that
// pqpush_metadata_column_statistics of the C header names.
func (f *File) ColumnStatistics(column int) (*Batch, error) {
	defer runtime.KeepAlive(f)
	batch, types := newBatch(), newSchema()
	var cError *C.pqpush_error
	status := C.pqpush_metadata_column_statistics(f.metadata, C.size_t(column), 0, &batch.array, &types.schema, &cError)
	return batch.with(types, failure(status, &cError))
}

// PageStatistics is the same by data page, as pqpush_metadata_page_statistics.
func (f *File) PageStatistics(column int) (*Batch, error) {
	defer runtime.KeepAlive(f)
	batch, types := newBatch(), newSchema()
	var cError *C.pqpush_error
	status := C.pqpush_metadata_page_statistics(f.metadata, C.size_t(column), 0, &batch.array, &types.schema, &cError)
	return batch.with(types, failure(status, &cError))
}
