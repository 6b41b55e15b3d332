"""Replace secrets in a stream of bytes by their names, also where they were encoded or cut in two."""

from collections.abc import Mapping


class Censor:
    """Turns each secret value, plain, base64 or URL-encoded, into `$NAME`.

    Feed it pieces in order and `flush` at the end: a secret that is split across two pieces is found,
    because as many bytes as the longest secret could still need are held back.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        spellings = {
            spelling: b"$" + name.encode()
            for name, value in secrets.items()
            if value
            for spelling in _spellings(value.encode())
        }
        # The longest first: a secret that contains another must not be half replaced.
        self._table = sorted(spellings.items(), key=lambda item: -len(item[0]))
        self._hold = max(map(len, spellings), default=1) - 1
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """The part of the stream that is now known to be clean."""
        if not self._table:
            return piece
        text = self.clean(self._held + piece)
        cut = max(0, len(text) - self._hold)
        self._held = text[cut:]
        return text[:cut]

    def flush(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return held

    def clean(self, whole: bytes) -> bytes:
        """A whole text at once."""
        for value, name in self._table:
            whole = whole.replace(value, name)
        return whole


def _spellings(value: bytes) -> set[bytes]:
    import base64
    from urllib.parse import quote, quote_plus

    found = {value, quote(value, safe="").encode(), quote_plus(value).encode()}
    # Base64 of a longer text that contains the secret: three alignments, without the ragged ends.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value)
        start = (0, 2, 3)[shift]
        whole = encoded.rstrip(b"=")
        middle = whole[start : len(whole) - (0 if (shift + len(value)) % 3 == 0 else 1)]
        if len(middle) >= 6:
            found |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    return found
