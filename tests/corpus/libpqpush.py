"""The C ABI of libpqpush through ctypes, as a host would use it: it reads the file, the library says what it needs.

Only what the corpus check needs. `scan` gives a pyarrow Table; a refusal is a `Refused` with the library's code and
text.
"""
import ctypes as c

import pyarrow as pa

NEEDS_DATA, BATCH, FINISHED = 1, 2, 3
UTF8, LARGE_UTF8, UTF8_VIEW = 0, 1, 2
LIMIT = -4002
# No page begins and ends with a piece of so many bytes, other than by chance.
PIECE_BYTES = 9973


class Range(c.Structure):
    _fields_ = [("offset", c.c_uint64), ("length", c.c_uint64)]


class Str(c.Structure):
    _fields_ = [("data", c.c_char_p), ("length", c.c_size_t)]


class Event(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("kind", c.c_int32), ("reserved", c.c_uint32),
                ("ranges", c.POINTER(Range)), ("range_count", c.c_size_t),
                ("row_count", c.c_uint64), ("row_group", c.c_int64)]


FIND_KEY = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_uint8), c.c_size_t, c.POINTER(c.c_uint8),
                       c.POINTER(c.c_size_t))


class MetadataOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("footer_size_hint", c.c_uint64), ("page_index", c.c_int32),
                ("flags", c.c_uint32), ("max_metadata_bytes", c.c_uint64),
                ("footer_key", c.c_void_p), ("footer_key_length", c.c_size_t),
                ("column_keys", c.c_void_p), ("column_key_count", c.c_size_t),
                ("aad_prefix", c.c_void_p), ("aad_prefix_length", c.c_size_t),
                ("key_retriever", FIND_KEY), ("user_data", c.c_void_p), ("release_user_data", c.c_void_p)]


class ScanOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("batch_rows", c.c_uint64),
                ("columns", c.POINTER(Str)), ("column_count", c.c_size_t),
                ("row_groups", c.POINTER(c.c_uint32)), ("row_group_count", c.c_size_t),
                ("row_selection", c.c_void_p), ("row_selection_count", c.c_size_t),
                ("predicates", c.c_void_p), ("predicate_count", c.c_size_t),
                ("offset", c.c_uint64), ("limit", c.c_uint64),
                ("string_type", c.c_int32), ("dictionary", c.c_int32), ("schema", c.c_void_p),
                ("max_buffered_bytes", c.c_uint64), ("coalesce_gap", c.c_uint64),
                ("predicate_cache_bytes", c.c_uint64), ("selection_policy", c.c_int32), ("flags", c.c_uint32)]


RELEASE = c.CFUNCTYPE(None, c.c_void_p)
HANDLE = c.c_void_p
ERROR = c.POINTER(c.c_void_p)


class Refused(Exception):
    """The library returned an error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Library:
    """The loaded shared library."""

    def __init__(self, path):
        self.lib = c.CDLL(path)
        for name, arguments in {
            "metadata_decoder_new": [c.c_uint64, c.c_void_p, c.POINTER(HANDLE), ERROR],
            "metadata_decoder_push": [HANDLE, c.c_uint64, c.c_void_p, c.c_size_t, ERROR],
            "metadata_decoder_try_decode": [HANDLE, c.POINTER(Event), c.POINTER(HANDLE), ERROR],
            "metadata_schema": [HANDLE, c.c_void_p, ERROR],
            "decoder_new": [HANDLE, c.POINTER(ScanOptions), c.POINTER(HANDLE), ERROR],
            "decoder_schema": [HANDLE, c.c_void_p, ERROR],
            "decoder_push": [HANDLE, c.c_uint64, c.c_void_p, c.c_size_t, ERROR],
            "decoder_push_borrowed": [HANDLE, c.c_uint64, c.c_void_p, c.c_size_t, RELEASE, c.c_void_p, ERROR],
            "decoder_try_decode": [HANDLE, c.POINTER(Event), c.c_void_p, ERROR],
        }.items():
            function = getattr(self.lib, "pqpush_" + name)
            function.argtypes, function.restype = arguments, c.c_int32
        for name in ("metadata_decoder_free", "metadata_free", "decoder_free", "error_free"):
            function = getattr(self.lib, "pqpush_" + name)
            function.argtypes, function.restype = [HANDLE], None
        self.lib.pqpush_error_message.argtypes, self.lib.pqpush_error_message.restype = [HANDLE], c.c_char_p
        self.lib.pqpush_decoder_buffered_bytes.argtypes = [HANDLE]
        self.lib.pqpush_decoder_buffered_bytes.restype = c.c_uint64

    def call(self, name, *arguments):
        """Calls a function that reports errors; a failure must come with an error object of the same code."""
        error = c.c_void_p()
        status = getattr(self.lib, "pqpush_" + name)(*arguments, c.byref(error))
        if status == 0:
            assert not error, name + ": success with an error object"
            return
        assert error, name + ": failure without an error object"
        message = self.lib.pqpush_error_message(error).decode()
        code = self.lib.pqpush_error_code(error)
        self.lib.pqpush_error_free(error)
        assert code == status, f"{name}: status {status}, error code {code}"
        raise Refused(status, message)

    def metadata(self, data, options=None):
        """An owned metadata handle of the file with these bytes."""
        decoder, metadata = HANDLE(), HANDLE()
        given = None if options is None else c.byref(options)
        self.call("metadata_decoder_new", len(data), given, c.byref(decoder))
        buffer = c.create_string_buffer(data, len(data))
        try:
            while True:
                event = Event(struct_size=c.sizeof(Event))
                self.call("metadata_decoder_try_decode", decoder, c.byref(event), c.byref(metadata))
                if event.kind == FINISHED:
                    return metadata
                assert event.kind == NEEDS_DATA, f"event {event.kind}"
                for offset, length in ranges(event):
                    assert offset + length <= len(data), "asked past the end of the file"
                    self.call("metadata_decoder_push", decoder, offset, c.addressof(buffer) + offset, length)
        finally:
            self.lib.pqpush_metadata_decoder_free(decoder)

    def schema(self, function, handle):
        """The Arrow schema that a handle gives."""
        from pyarrow.cffi import ffi
        exported = ffi.new("struct ArrowSchema*")
        address = int(ffi.cast("uintptr_t", exported))
        self.call(function, handle, address)
        return pa.Schema._import_from_c(address)

    def scan(self, data, metadata, way, columns=None, **options):
        """A Table of the columns. `way`: "whole" pushes all bytes first, "borrowed" lends them, "pieces" lends them in
        pieces, the last one first, and anything else pushes what is asked for."""
        lent = Lent(self, data)
        decoder = HANDLE()
        options = ScanOptions(struct_size=c.sizeof(ScanOptions), **options)
        if columns is not None:
            names = [name.encode() for name in columns]
            array = (Str * max(1, len(names)))(*[Str(name, len(name)) for name in names])
            options.columns, options.column_count = array, len(names)
        self.call("decoder_new", metadata, c.byref(options), c.byref(decoder))
        try:
            schema = self.schema("decoder_schema", decoder)
            if way == "whole":
                self.call("decoder_push", decoder, 0, lent.address, len(data))
            elif way == "borrowed":
                lent.push(decoder, 0, len(data))
            elif way == "pieces":
                for end in range(len(data), 0, -PIECE_BYTES):
                    start = max(0, end - PIECE_BYTES)
                    lent.push(decoder, start, end - start)
            batches = self.drain(decoder, schema, data, lent)
        finally:
            self.lib.pqpush_decoder_free(decoder)
        return pa.Table.from_batches(batches, schema), lent

    def drain(self, decoder, schema, data, lent):
        from pyarrow.cffi import ffi
        batches, steps = [], 0
        while True:
            event = Event(struct_size=c.sizeof(Event))
            exported = ffi.new("struct ArrowArray*")
            address = int(ffi.cast("uintptr_t", exported))
            self.call("decoder_try_decode", decoder, c.byref(event), address)
            if event.kind == FINISHED:
                assert self.lib.pqpush_decoder_buffered_bytes(decoder) == 0, "bytes held after FINISHED"
                return batches
            if event.kind == BATCH:
                batches.append(pa.RecordBatch._import_from_c(address, schema))
                assert batches[-1].num_rows == event.row_count, "the event counts other rows than the batch has"
                continue
            steps += 1
            assert event.kind == NEEDS_DATA and steps < 100_000, f"event {event.kind}, {steps} requests"
            for offset, length in ranges(event):
                assert offset + length <= len(data), "asked past the end of the file"
                self.call("decoder_push", decoder, offset, lent.address + offset, length)


class Lent:
    """Bytes in memory that a decoder may borrow; counts how often they were given back."""

    def __init__(self, library, data):
        self.library = library
        self.buffer = c.create_string_buffer(data, len(data))
        self.address = c.addressof(self.buffer)
        self.borrowed, self.released = 0, 0
        self.callback = RELEASE(self.give_back)

    def give_back(self, _user_data):
        self.released += 1

    def push(self, decoder, offset, length):
        self.borrowed += 1
        address = self.address + offset
        self.library.call("decoder_push_borrowed", decoder, offset, address, length, self.callback, None)


def ranges(event):
    """The ranges of a NEEDS_DATA event."""
    return [(event.ranges[i].offset, event.ranges[i].length) for i in range(event.range_count)]
