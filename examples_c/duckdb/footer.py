"""footer.py LIBRARY OUTPUT ABI API_VERSION PLATFORM VERSION: makes a loadable extension of a shared library.

DuckDB looks for eight fields of 32 bytes and a signature of 256 bytes at the end of the file; a signature of zeros is none,
and then DuckDB wants allow_unsigned_extensions. In front stands the header of a section of WebAssembly, as it does for all
extensions.
"""

import sys

library, output, abi, api_version, platform, version = sys.argv[1:]
prelude = bytes([0, 147, 4, 16]) + b"duckdb_signature" + bytes([128, 4])
fields = ["", "", "", abi, version, api_version, platform, "4"]
with open(library, "rb") as source, open(output, "wb") as target:
    target.write(source.read() + prelude)
    target.write(b"".join(field.encode().ljust(32, b"\0") for field in fields))
    target.write(bytes(256))
