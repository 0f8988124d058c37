"""Writes encrypted files with pyarrow and reads them through the shared library: both algorithms, footers encrypted and in
plain text, keys for all and by column, keys of every length, page checksums, both versions of data pages.

encryption.py LIBRARY
"""
import base64
import itertools
import json
import os
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

import libpqpush

VERIFY_CHECKSUMS = 2
CORRUPT, CHECKSUM, KEY = -2003, -2004, -3002


class OpenKms(pe.KmsClient):
    """Wraps a key by writing it down."""

    def __init__(self, _config):
        super().__init__()

    def wrap_key(self, key, _master_key):
        return base64.b64encode(key)

    def unwrap_key(self, wrapped, _master_key):
        return base64.b64decode(wrapped)


def table():
    rows = range(5000)
    return pa.table({
        "number": pa.array(rows, pa.int64()),
        "word": pa.array([None if row % 7 == 0 else f"word {row % 50}" for row in rows]),
        "list": pa.array([list(range(row % 4)) if row % 5 else None for row in rows], pa.list_(pa.int32())),
        "struct": pa.array([{"x": row * 0.5, "y": bytes([row % 256])} for row in rows]),
        "open": pa.array([row % 3 == 0 for row in rows]),
    })


def encryption(**options):
    """What pyarrow writes with."""
    config = pe.EncryptionConfiguration(footer_key="footer", double_wrapping=False, **options)
    return pe.CryptoFactory(OpenKms).file_encryption_properties(pe.KmsConnectionConfig(), config)


def find_key(_user_data, metadata, length, out_key, out_length):
    material = json.loads(bytes(metadata[:length]))
    key = base64.b64decode(material["wrappedDEK"])
    libpqpush.c.memmove(out_key, key, len(key))
    out_length[0] = len(key)
    return 0


def find_other_key(user_data, metadata, length, out_key, out_length):
    find_key(user_data, metadata, length, out_key, out_length)
    out_key[0] ^= 1
    return 0


def options_with(function):
    options = libpqpush.MetadataOptions(struct_size=libpqpush.c.sizeof(libpqpush.MetadataOptions))
    options.key_retriever = libpqpush.FIND_KEY(function)
    return options


def check(library, data, expected, name):
    """The file reads as it was written, in every way; with other keys it does not."""
    options = options_with(find_key)
    metadata = library.metadata(data, options)
    for way in ("whole", "ranges", "borrowed", "pieces"):
        found, _ = library.scan(data, metadata, way, flags=VERIFY_CHECKSUMS)
        assert found.replace_schema_metadata().equals(expected), f"{name} {way}: other rows"
    found, _ = library.scan(data, metadata, "ranges", offset=3456, limit=700, max_buffered_bytes=10_000)
    assert found.replace_schema_metadata().equals(expected.slice(3456, 700)), f"{name}: other rows by the page index"
    library.lib.pqpush_metadata_free(metadata)
    try:
        library.metadata(data, options_with(find_other_key))
        raise AssertionError(f"{name}: opened with wrong keys")
    except libpqpush.Refused as refused:
        assert refused.code == KEY, f"{name}: {refused}"


def check_changes(library, data, flags, name):
    """A file with any byte of its first pages changed is refused."""
    metadata = library.metadata(data, options_with(find_key))
    for at in range(4, 4000, 97):
        changed = bytearray(data)
        changed[at] ^= 0x40
        try:
            library.scan(bytes(changed), metadata, "ranges", ["number"], flags=flags)
            raise AssertionError(f"{name}: read although byte {at} was changed")
        except libpqpush.Refused as refused:
            assert refused.code in (CORRUPT, CHECKSUM), f"{name}: byte {at}: {refused}"
    library.lib.pqpush_metadata_free(metadata)


def main():
    library, expected = libpqpush.Library(sys.argv[1]), table()
    kinds = [{"uniform_encryption": True}, {"column_keys": {"a": ["number", "word"], "b": ["list.list.element", "struct.x"]}}]
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "encrypted.parquet")
        for algorithm, plaintext_footer, bits, version, kind in itertools.product(
                ("AES_GCM_V1", "AES_GCM_CTR_V1"), (False, True), (128, 192, 256), ("1.0", "2.0"), kinds):
            properties = encryption(encryption_algorithm=algorithm, plaintext_footer=plaintext_footer,
                                    data_key_length_bits=bits, **kind)
            pq.write_table(expected, path, encryption_properties=properties, data_page_version=version, store_schema=False,
                           row_group_size=2000, data_page_size=2000, write_batch_size=100, write_page_index=True,
                           write_page_checksum=True)
            with open(path, "rb") as file:
                data = file.read()
            name = f"{algorithm}, {bits} bits, {kind}"
            check(library, data, expected, name)
            # Only GCM tells a changed page by itself.
            check_changes(library, data, 0 if algorithm == "AES_GCM_V1" else VERIFY_CHECKSUMS, name)
            count += 1
    print(f"{count:5} encrypted files of pyarrow")


main()
