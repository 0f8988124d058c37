"""Parquet files as batches of pyarrow, decoded by libpqpush: a binding of one file over ctypes.

    with pqpush.File("lineitem.parquet") as file:
        metadata = pqpush.read_metadata(file)
        for batch in pqpush.scan(file, metadata, columns=["l_orderkey"], where="l_shipdate > DATE '1998-11-01'"):
            ...

The library does no I/O. What has `length` and `read(offset, length)`, as File does, can be scanned: an object of a store
as well as a file. Calls let other Python threads run; a Decoder is used by one thread at a time, everything else by any.

The library is found by the environment variable PQPUSH_LIBRARY, or where the system keeps libraries.
"""

import ctypes
import ctypes.util
import os

import pyarrow as pa

_BATCH, _FINISHED = 2, 3
_SCAN_LIMIT = 1


class Error(Exception):
    """What the library says of a failure: its text, `code`, and where in the file it was, or -1."""

    def __init__(self, code, text, file_offset=-1, row_group=-1, column=-1):
        super().__init__(text)
        self.code = code
        self.file_offset = file_offset
        self.row_group = row_group
        self.column = column

    def __reduce__(self):
        return Error, (self.code, str(self), self.file_offset, self.row_group, self.column)


class _Range(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint64), ("length", ctypes.c_uint64)]


class _Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("kind", ctypes.c_int32),
        ("reserved", ctypes.c_uint32),
        ("ranges", ctypes.POINTER(_Range)),
        ("range_count", ctypes.c_size_t),
        ("row_count", ctypes.c_uint64),
        ("row_group", ctypes.c_int64),
    ]


class _RowRun(ctypes.Structure):
    _fields_ = [("row_count", ctypes.c_uint64), ("select", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


class _RowGroupInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("row_count", ctypes.c_uint64),
        ("compressed_bytes", ctypes.c_uint64),
        ("uncompressed_bytes", ctypes.c_uint64),
        ("file_offset", ctypes.c_uint64),
    ]


class _Task(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("row_group", ctypes.c_uint64),
        ("first_row", ctypes.c_uint64),
        ("row_count", ctypes.c_uint64),
        ("byte_size", ctypes.c_uint64),
        ("selected_rows", ctypes.c_uint64),
    ]


class _Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("batch_rows", ctypes.c_uint64),
        ("columns", ctypes.POINTER(_Text)),
        ("column_count", ctypes.c_size_t),
        ("row_groups", ctypes.POINTER(ctypes.c_uint32)),
        ("row_group_count", ctypes.c_size_t),
        ("row_selection", ctypes.POINTER(_RowRun)),
        ("row_selection_count", ctypes.c_size_t),
        ("predicates", ctypes.POINTER(ctypes.c_void_p)),
        ("predicate_count", ctypes.c_size_t),
        ("offset", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("string_type", ctypes.c_int32),
        ("dictionary", ctypes.c_int32),
        ("schema", ctypes.c_void_p),
        ("max_buffered_bytes", ctypes.c_uint64),
        ("coalesce_gap", ctypes.c_uint64),
        ("predicate_cache_bytes", ctypes.c_uint64),
        ("selection_policy", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("row_bitmap", ctypes.c_void_p),
        ("row_group_selections", ctypes.c_void_p),
        ("row_group_selection_count", ctypes.c_size_t),
    ]


class _ArrowArray(ctypes.Structure):
    """Room for a struct ArrowArray, which pyarrow takes by its address."""

    _fields_ = [("fields", ctypes.c_int64 * 8), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]


class _ArrowSchema(ctypes.Structure):
    _fields_ = [("fields", ctypes.c_int64 * 7), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]


def _load():
    name = os.environ.get("PQPUSH_LIBRARY") or ctypes.util.find_library("pqpush")
    if name is None:
        raise ImportError("libpqpush is not installed; PQPUSH_LIBRARY can say where it is")
    library = ctypes.CDLL(name)
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
    out, error = ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_void_p)
    event, options = ctypes.POINTER(_Event), ctypes.POINTER(_Options)
    status = ctypes.c_int32
    functions = {
        "version_string": (ctypes.c_char_p, []),
        "error_code": (ctypes.c_int32, [pointer]),
        "error_message": (ctypes.c_char_p, [pointer]),
        "error_file_offset": (ctypes.c_int64, [pointer]),
        "error_row_group": (ctypes.c_int64, [pointer]),
        "error_column": (ctypes.c_int64, [pointer]),
        "error_free": (None, [pointer]),
        "metadata_decoder_new": (status, [number, pointer, out, error]),
        "metadata_decoder_push": (status, [pointer, number, ctypes.c_char_p, size, error]),
        "metadata_decoder_try_decode": (status, [pointer, event, out, error]),
        "metadata_decoder_free": (None, [pointer]),
        "metadata_free": (None, [pointer]),
        "metadata_row_count": (number, [pointer]),
        "metadata_row_group_count": (size, [pointer]),
        "metadata_row_group": (status, [pointer, size, ctypes.POINTER(_RowGroupInfo), error]),
        "metadata_schema": (status, [pointer, ctypes.POINTER(_ArrowSchema), error]),
        "predicate_parse": (status, [_Text, out, error]),
        "predicate_free": (None, [pointer]),
        "decoder_new": (status, [pointer, options, out, error]),
        "decoder_schema": (status, [pointer, ctypes.POINTER(_ArrowSchema), error]),
        "decoder_push": (status, [pointer, number, ctypes.c_char_p, size, error]),
        "decoder_try_decode": (status, [pointer, event, ctypes.POINTER(_ArrowArray), error]),
        "decoder_free": (None, [pointer]),
        "plan_new": (status, [pointer, options, number, out, error]),
        "plan_task_count": (size, [pointer]),
        "plan_task": (status, [pointer, size, ctypes.POINTER(_Task), error]),
        "plan_decoder": (status, [pointer, size, out, error]),
        "plan_free": (None, [pointer]),
    }
    for name, (result, arguments) in functions.items():
        function = getattr(library, "pqpush_" + name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


def _call(name, *arguments):
    """Calls a function whose last parameter is for an error, and raises it."""
    error = ctypes.c_void_p()
    status = getattr(_library, "pqpush_" + name)(*arguments, ctypes.byref(error))
    if status == 0:
        return
    text = _library.pqpush_error_message(error).decode()
    places = [getattr(_library, "pqpush_error_" + place)(error) for place in ("file_offset", "row_group", "column")]
    _library.pqpush_error_free(error)
    raise Error(status, text, *places)


class _Handle:
    """Owns what the library gave out, and frees it once."""

    _free = None
    _handle = None

    def __init__(self, handle):
        self._handle = handle

    def close(self):
        handle, self._handle = self._handle, None
        if handle:
            getattr(_library, self._free)(handle)

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class File:
    """A file of the system, read by as many threads as like to."""

    _descriptor = None

    def __init__(self, path):
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self.length = os.fstat(self._descriptor).st_size

    def read(self, offset, length):
        pieces = []
        while length > 0:
            piece = os.pread(self._descriptor, length, offset)
            if not piece:
                raise EOFError("the file ends early")
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self):
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Metadata(_Handle):
    """The footer of a file, which any number of threads may use."""

    _free = "pqpush_metadata_free"

    @property
    def row_count(self):
        return _library.pqpush_metadata_row_count(self._handle)

    @property
    def row_group_count(self):
        return _library.pqpush_metadata_row_group_count(self._handle)

    def row_group_rows(self, row_group):
        info = _RowGroupInfo(struct_size=ctypes.sizeof(_RowGroupInfo))
        _call("metadata_row_group", self._handle, row_group, ctypes.byref(info))
        return info.row_count

    @property
    def schema(self):
        schema = _ArrowSchema()
        _call("metadata_schema", self._handle, ctypes.byref(schema))
        return pa.Schema._import_from_c(ctypes.addressof(schema))


class _Footer(_Handle):
    _free = "pqpush_metadata_decoder_free"


class _Predicate(_Handle):
    _free = "pqpush_predicate_free"


def _event():
    return _Event(struct_size=ctypes.sizeof(_Event))


def _texts(names):
    encoded = [name.encode() for name in names]
    return (_Text * max(len(encoded), 1))(*(_Text(name, len(name)) for name in encoded))


def read_metadata(file):
    """Reads the footer, by whatever ranges it takes."""
    decoder, metadata = ctypes.c_void_p(), ctypes.c_void_p()
    _call("metadata_decoder_new", file.length, None, ctypes.byref(decoder))
    with _Footer(decoder):
        while not metadata:
            event = _event()
            _call("metadata_decoder_try_decode", decoder, ctypes.byref(event), ctypes.byref(metadata))
            for needed in event.ranges[: event.range_count]:
                data = file.read(needed.offset, needed.length)
                _call("metadata_decoder_push", decoder, needed.offset, data, len(data))
    return Metadata(metadata)


class _Scan:
    """Options of the library, and everything that they point to."""

    def __init__(self, columns, where, row_groups, row_selection, offset, limit, batch_rows, coalesce_gap):
        self.options = options = _Options(struct_size=ctypes.sizeof(_Options))
        options.batch_rows, options.coalesce_gap, options.offset = batch_rows, coalesce_gap, offset
        self.kept = []
        if columns is not None:
            options.columns, options.column_count = self.keep(_texts(columns)), len(columns)
        if row_groups is not None:
            numbers = (ctypes.c_uint32 * max(len(row_groups), 1))(*row_groups)
            options.row_groups, options.row_group_count = self.keep(numbers), len(row_groups)
        if row_selection is not None:
            runs = (_RowRun * max(len(row_selection), 1))(*(_RowRun(rows, wanted, 0) for rows, wanted in row_selection))
            options.row_selection, options.row_selection_count = self.keep(runs), len(row_selection)
        if limit is not None:
            options.limit, options.flags = limit, _SCAN_LIMIT
        if where is not None:
            text, predicate = where.encode(), ctypes.c_void_p()
            _call("predicate_parse", _Text(text, len(text)), ctypes.byref(predicate))
            self.keep(_Predicate(predicate))
            options.predicates, options.predicate_count = self.keep((ctypes.c_void_p * 1)(predicate)), 1

    def keep(self, thing):
        self.kept.append(thing)
        return thing


def _scan(columns=None, where=None, row_groups=None, row_selection=None, offset=0, limit=None, batch_rows=0,
          coalesce_gap=64 * 1024):
    """columns: names, None: all. where: a condition in SQL. row_groups: ordinals. row_selection: pairs (rows, whether
    to read them) that cover the row groups. offset, limit: of what is kept. batch_rows: rows of a batch at most."""
    return _Scan(columns, where, row_groups, row_selection, offset, limit, batch_rows, coalesce_gap)


class Decoder(_Handle):
    """One scan; iterating over it reads from the file and gives batches."""

    _free = "pqpush_decoder_free"

    def __init__(self, handle, file):
        super().__init__(handle)
        self._file = file
        schema = _ArrowSchema()
        _call("decoder_schema", handle, ctypes.byref(schema))
        self.schema = pa.Schema._import_from_c(ctypes.addressof(schema))

    def __iter__(self):
        while True:
            event, batch = _event(), _ArrowArray()
            _call("decoder_try_decode", self._handle, ctypes.byref(event), ctypes.byref(batch))
            if event.kind == _FINISHED:
                return
            if event.kind == _BATCH:
                yield pa.RecordBatch._import_from_c(ctypes.addressof(batch), self.schema)
            for needed in event.ranges[: event.range_count]:
                data = self._file.read(needed.offset, needed.length)
                _call("decoder_push", self._handle, needed.offset, data, len(data))

    def read_all(self):
        return pa.Table.from_batches(list(self), self.schema)


def scan(file, metadata, **options):
    """A decoder of a scan; the options are those of _scan."""
    scan, decoder = _scan(**options), ctypes.c_void_p()
    _call("decoder_new", metadata._handle, ctypes.byref(scan.options), ctypes.byref(decoder))
    return Decoder(decoder, file)


class Plan(_Handle):
    """A scan in tasks, which together give its rows in order. `tasks` has a dictionary of numbers for each."""

    _free = "pqpush_plan_free"

    def __init__(self, metadata, target_rows=0, **options):
        scan, plan = _scan(**options), ctypes.c_void_p()
        super().__init__(plan)
        _call("plan_new", metadata._handle, ctypes.byref(scan.options), target_rows, ctypes.byref(plan))

    @property
    def tasks(self):
        found = []
        for index in range(_library.pqpush_plan_task_count(self._handle)):
            task = _Task(struct_size=ctypes.sizeof(_Task))
            _call("plan_task", self._handle, index, ctypes.byref(task))
            found.append({name: getattr(task, name) for name, _ in _Task._fields_[1:]})
        return found

    def decoder(self, index, file):
        decoder = ctypes.c_void_p()
        _call("plan_decoder", self._handle, index, ctypes.byref(decoder))
        return Decoder(decoder, file)


def version():
    return _library.pqpush_version_string().decode()
