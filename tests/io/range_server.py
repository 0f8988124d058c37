"""range_server.py DIRECTORY: serves files over HTTP, with byte ranges, and prints its port.

The first part of a path says how well: /good/FILE always; /bad/FILE with every third request answered by status 503, a
body that is cut, or a connection that is closed; /down/FILE with status 503 to all but the length; /whole/FILE without
ranges.
"""

import http.server
import itertools
import pathlib
import re
import sys
import threading

directory = pathlib.Path(sys.argv[1])
counter = itertools.count(1)
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def find(self):
        mood, _, name = self.path.lstrip("/").partition("/")
        file = directory / name
        return mood, (file if name and file.is_file() else None)

    def answer(self, status, headers=(), body=b"", length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        _, file = self.find()
        if file is None:
            self.answer(404)
        else:
            self.answer(200, [("Accept-Ranges", "bytes")], length=file.stat().st_size)

    def do_GET(self):
        mood, file = self.find()
        if file is None:
            return self.answer(404)
        data = file.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if mood == "whole" or not wanted:
            return self.answer(200, body=data)
        begin, end = int(wanted[1]), int(wanted[2]) + 1
        headers = [("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")]
        with lock:
            number = next(counter)
        if mood == "down" or (mood == "bad" and number % 9 == 3):
            return self.answer(503, body=b"not now")
        if mood == "bad" and number % 9 == 6:
            self.answer(206, headers, data[begin : begin + (end - begin) // 2], end - begin)
            self.close_connection = True
            return None
        if mood == "bad" and number % 9 == 0:
            self.close_connection = True
            return None
        return self.answer(206, headers, data[begin:end])


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that goes away when it has seen enough is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
