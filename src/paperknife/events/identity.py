"""Recipients by pseudonym: a keyed hash of the address, and the key it needs.

The hash is HMAC-SHA256, so that nobody without the key can try addresses against it. The key comes from
``PAPERKNIFE_HASH_KEY``, else from a file in the user's configuration folder that is made on first use. Whoever loses
the key keeps the log, but later events of the same recipients get new pseudonyms and join nothing that was there.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
import unicodedata
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

from paperknife.errors import HashKeyError
from paperknife.events.addresses import replace_addresses, with_plain_at_signs

KEY_VARIABLE: Final = "PAPERKNIFE_HASH_KEY"
HOME_VARIABLE: Final = "PAPERKNIFE_HOME"

_KEY_BYTES: Final = 32
_SHORTEST_KEY: Final = 16
_HASH_CHARACTERS: Final = 32
"""128 bits: two of a billion recipients collide with a chance below 1e-20."""
_CACHED_ADDRESSES: Final = 200_000


class RecipientHasher:
    """Pseudonyms of mail addresses under one key.

    Parameters
    ----------
    key : bytes
        At least 16 bytes.

    Examples
    --------
    >>> hasher = RecipientHasher(b"0123456789abcdef")
    >>> hasher.hash("Alice@Example.org ") == hasher.hash("alice@example.org")
    True
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _SHORTEST_KEY:
            raise HashKeyError(
                f"The hash key has {len(key)} bytes; expected at least {_SHORTEST_KEY}. "
                f"Set {KEY_VARIABLE} to a long random text, or unset it to have a key made."
            )
        self._key = key
        self._known: dict[str, str] = {}

    @classmethod
    def load(cls) -> Self:
        """Return a hasher with the user's key, which is made and kept on first use.

        Raises
        ------
        HashKeyError
            The key is too short, or its file is damaged or cannot be read or written.
        """
        given = os.environ.get(KEY_VARIABLE)
        if given is not None:
            return cls(given.encode("utf-8", "surrogateescape"))
        return cls(_kept_key(configuration_folder() / "hash.key"))

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell keys apart and give nothing away."""
        return hmac.digest(self._key, b"paperknife key fingerprint", "sha256").hex()[:16]

    def hash(self, address: str) -> str:
        """Return the pseudonym of an address: 32 hexadecimal digits.

        The address is normalised first: Unicode NFC, stripped, lower case, and nothing else.
        """
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _CACHED_ADDRESSES:
                self._known.clear()
            plain = unicodedata.normalize("NFC", address).strip().lower()
            digest = hmac.digest(self._key, plain.encode("utf-8", "surrogatepass"), "sha256")
            known = self._known[address] = digest.hex()[:_HASH_CHARACTERS]
        return known

    def hide_addresses(self, text: str) -> str:
        """Return a text whose mail addresses, percent-encoded ones too, are replaced by their pseudonyms."""
        return replace_addresses(text, lambda found: self.hash(_decoded(found)))


def configuration_folder() -> Path:
    """Return the folder that holds the user's own settings; ``PAPERKNIFE_HOME`` overrides the platform's place."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "paperknife"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "paperknife"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "paperknife"


def _decoded(address: str) -> str:
    """Return an address without the percent signs of a URL, however often it was encoded."""
    plain = address
    while "%" in plain and (once := unquote(plain)) != plain:
        plain = once
    return with_plain_at_signs(plain)


def _kept_key(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key(path)
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        raise HashKeyError(
            f"The hash key {path} cannot be read or made ({error.strerror}). Set {KEY_VARIABLE}, "
            f"or name a folder that can be written with {HOME_VARIABLE}."
        ) from error
    except ValueError as error:
        raise HashKeyError(
            f"The hash key {path} is damaged: it is not hexadecimal. Restore it from a backup; without it, "
            "new events of known recipients cannot be joined to old ones."
        ) from error
    return key


def _make_key(path: Path) -> None:
    """Write a new key that only its owner can read; where two processes try at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_bytes(_KEY_BYTES).hex() + "\n")
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        pass
    finally:
        aside.unlink()


def digest_of(*parts: str | int | None) -> str:
    """Return 32 hexadecimal digits that stand for the parts, in order; no key, so only for what is no address."""
    text = "\x1f".join("" if part is None else f"={part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARACTERS]
