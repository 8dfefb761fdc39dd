"""Whole messages over a socket, with a deadline and a largest size: the other end may stall, lie or be gone."""

from __future__ import annotations

import select
import socket
import struct
import time

_LENGTH = struct.Struct("<Q")


class Gone(ConnectionError):
    """The other end is gone."""


class Slow(TimeoutError):
    """No whole message came before the deadline."""


class TooLarge(ValueError):
    """The other end announces a message larger than is taken."""


class Channel:
    """One end of a stream socket on which both sides send whole messages of bytes.

    A message that was begun when the deadline came is not lost: the next :meth:`receive` goes on with it.
    """

    def __init__(self, end: socket.socket, most_bytes: int):
        self.end, self.most_bytes = end, most_bytes
        end.setblocking(False)
        self._got = bytearray()

    def send(self, message: bytes, seconds: float = 30.0) -> None:
        """Send `message`.

        Raises
        ------
        Gone : nobody is there
        Slow : the other end does not read
        """
        rest, deadline = memoryview(_LENGTH.pack(len(message)) + message), time.monotonic() + seconds
        while rest:
            try:
                rest = rest[self.end.send(rest):]
            except BlockingIOError:
                self._wait(deadline, write=True)
            except OSError as error:
                raise Gone(str(error)) from None

    def receive(self, seconds: float) -> bytes:
        """The next message.

        Raises
        ------
        Gone : the other end has closed or died
        Slow : it did not come within `seconds`
        TooLarge : it would have more than `most_bytes`
        """
        deadline = time.monotonic() + seconds
        while (needed := self._needed()) > 0:
            try:
                got = self.end.recv(min(needed, 1 << 20))
            except BlockingIOError:
                self._wait(deadline)
                continue
            except OSError as error:
                raise Gone(str(error)) from None
            if not got:
                raise Gone("closed")
            self._got += got
        message = bytes(self._got[_LENGTH.size:])
        self._got.clear()
        return message

    def close(self) -> None:
        self.end.close()

    def _needed(self) -> int:
        """How many bytes of the message that is being received are still to come."""
        if len(self._got) < _LENGTH.size:
            return _LENGTH.size - len(self._got)
        (length,) = _LENGTH.unpack_from(self._got)
        if length > self.most_bytes:
            raise TooLarge(f"a message of {length:,} bytes; at most {self.most_bytes:,} are taken")
        return _LENGTH.size + length - len(self._got)

    def _wait(self, deadline: float, write: bool = False) -> None:
        left = deadline - time.monotonic()
        ends = ([], [self.end], []) if write else ([self.end], [], [])
        if left <= 0 or not any(select.select(*ends, left)):
            raise Slow("no message in time")
