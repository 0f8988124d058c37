// Package pqpush reads Parquet files through the C library of the same name.
//
//	file, err := pqpush.Open(reader, size, nil)
//	defer file.Close()
//	rows, err := file.Scan(&pqpush.ScanOptions{Columns: []string{"id"}, Where: pqpush.Col("id").Gt(10)})
//	defer rows.Close()
//	for rows.Next() {
//		ids, err := pqpush.Values[int64](rows.Batch().Column(0))
//		...
//	}
//	err = rows.Err()
//
// Any io.ReaderAt will do as a file; it is read on the goroutine that calls, and only there.
//
// Memory. File, Rows, Plan and Batch hold memory of C, which Close or Release gives back; what is lost is given back when the
// garbage collector finds it. The library never keeps a pointer to memory of Go.
//
// Goroutines. A File and a Plan may be used by many goroutines at the same time, a Rows and a Batch by one.
//
// The package links libpqpush: CGO_CFLAGS and CGO_LDFLAGS say where the header and the library are, where they are not
// installed.
package pqpush

/*
#cgo CFLAGS: -std=c11
#cgo LDFLAGS: -lpqpush
#include "bridge.h"
*/
import "C"

import (
	"fmt"
)

// Status says what kind of error it is. errors.Is(err, pqpush.ErrCorrupt) looks for it.
type Status int32

// The status codes, as pqpush_status_code of the C header describes them.
const (
	ErrInvalidArgument Status = C.PQPUSH_ERR_INVALID_ARGUMENT
	ErrInvalidState    Status = C.PQPUSH_ERR_INVALID_STATE
	ErrBusy            Status = C.PQPUSH_ERR_BUSY
	ErrPoisoned        Status = C.PQPUSH_ERR_POISONED
	ErrNotParquet      Status = C.PQPUSH_ERR_NOT_PARQUET
	ErrTruncated       Status = C.PQPUSH_ERR_TRUNCATED
	ErrCorrupt         Status = C.PQPUSH_ERR_CORRUPT
	ErrChecksum        Status = C.PQPUSH_ERR_CHECKSUM
	ErrUnsupported     Status = C.PQPUSH_ERR_UNSUPPORTED
	ErrKey             Status = C.PQPUSH_ERR_KEY
	ErrOutOfMemory     Status = C.PQPUSH_ERR_OUT_OF_MEMORY
	ErrLimit           Status = C.PQPUSH_ERR_LIMIT
	ErrCallback        Status = C.PQPUSH_ERR_CALLBACK
	ErrInternal        Status = C.PQPUSH_ERR_INTERNAL
)

func (s Status) Error() string { return C.GoString(C.pqpush_status_name(C.int32_t(s))) }

// Error is what went wrong and where in the file.
type Error struct {
	Status  Status
	Message string
	// Byte offset in the file, ordinals of the row group and of the leaf column; -1 where they are not known.
	FileOffset, RowGroup, Column int64
	// What a function of the host returned, where that is what went wrong.
	Cause error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("pqpush: %s: %v", e.Message, e.Cause)
	}
	return "pqpush: " + e.Message
}

// Is says whether target is the status of the error.
func (e *Error) Is(target error) bool { return target == e.Status }

// Unwrap gives what a function of the host returned.
func (e *Error) Unwrap() error { return e.Cause }

// Version is that of the library that is loaded.
func Version() string { return C.GoString(C.pqpush_version_string()) }

// failure is the error of a call that returned status; nil where it was done. It frees what the call left in cError.
func failure(status C.pqpush_status, cError **C.pqpush_error) error {
	if status == C.PQPUSH_OK {
		return nil
	}
	err := &Error{
		Status:     Status(status),
		Message:    C.GoString(C.pqpush_error_message(*cError)),
		FileOffset: int64(C.pqpush_error_file_offset(*cError)),
		RowGroup:   int64(C.pqpush_error_row_group(*cError)),
		Column:     int64(C.pqpush_error_column(*cError)),
	}
	C.pqpush_error_free(*cError)
	return err
}

func invalid(format string, values ...any) error {
	return &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(format, values...), FileOffset: -1, RowGroup: -1, Column: -1}
}
