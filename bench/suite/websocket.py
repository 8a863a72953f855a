# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client of a few lines: for loads that ask for more than kalam-live does."""
import gzip
import json
import socket

TEXT, CLOSE = 1, 8
HEAD_BYTES_MAX = 65536


class Closed(Exception):
    """The server ended the connection."""


class WebSocket:
    """One connection; whoever opens it says how it signs in."""

    def __init__(self, port, token=None, query="?compress=false", seconds=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall((f"GET /v1/ws{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                             "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n").encode())
        while b"\r\n\r\n" not in self.buffer and len(self.buffer) < HEAD_BYTES_MAX:
            self.fill()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        self.status = int(head.split(b" ", 2)[1])
        if token and self.status == 101:
            self.receive()  # auth_success

    def fill(self):
        data = self.socket.recv(262144)
        if not data:
            raise Closed()
        self.buffer += data

    def send(self, *messages):
        """Frames of texts or JSON, masked with a mask that changes nothing."""
        frames = bytearray()
        for message in messages:
            payload = (message if isinstance(message, str) else json.dumps(message)).encode()
            size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
            frames += bytes([0x80 | TEXT]) + size + b"\0\0\0\0" + payload
        self.socket.sendall(frames)

    def receive(self):
        """The bytes of the next message, as they were before compression."""
        while True:
            frame = self.take()
            if frame is None:
                self.fill()
                continue
            opcode, payload = frame
            if opcode == CLOSE:
                raise Closed()
            return gzip.decompress(payload) if payload[:2] == b"\x1f\x8b" else payload

    def take(self):
        """(opcode, payload) of a frame that has arrived whole, or None."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1], 2
        if size >= 126:
            at += 2 if size == 126 else 8
            size = int.from_bytes(buffer[2:at], "big") if len(buffer) >= at else len(buffer)
        if len(buffer) < at + size:
            return None
        payload, opcode = bytes(buffer[at:at + size]), buffer[0] & 15
        del buffer[:at + size]
        return opcode, payload

    def subscribe(self, name, sql, options=None):
        subscription = {"id": name, "sql": sql}
        if options is not None:
            subscription["options"] = options
        self.send({"type": "subscribe", "subscription": subscription})

    def read_until_ready(self):
        """Reads the acknowledgement and the rows of one subscription."""
        while True:
            message = self.receive()
            if b"initial_data_batch" in message and b"ready" in message:
                return
            if b'"type":"error"' in message:
                raise Closed(message)

    def close(self):
        """Says goodbye and waits for the server's."""
        try:
            self.socket.sendall(bytes([0x80 | CLOSE, 0x82, 0, 0, 0, 0, 3, 0xe8]))
            while True:
                self.receive()
        except (Closed, OSError):
            pass
        self.socket.close()

    def cut(self):
        """Ends it as a broken network does."""
        self.socket.close()
