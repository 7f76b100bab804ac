"""Recipients by pseudonym: a keyed hash of the address, and the key it needs.

The hash is HMAC-SHA256, so that nobody without the key can try addresses against it. The key comes from
``PAPERKNIFE_HASH_KEY``, else from a file in the user's configuration folder that is made on first use. Whoever loses
the key keeps the log, but later events of the same recipients get new pseudonyms and join nothing that was there.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

from paperknife.errors import HashKeyError
from paperknife.events.addresses import AT_SIGN, replace_addresses, with_plain_at_signs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEY_VARIABLE: Final = "PAPERKNIFE_HASH_KEY"
HOME_VARIABLE: Final = "PAPERKNIFE_HOME"

_KEY_BYTES: Final = 32
_SHORTEST_KEY: Final = 16
_HASH_CHARACTERS: Final = 32
"""128 bits: two of a billion recipients collide with a chance below 1e-20."""
_BLOCK_BYTES: Final = 64
_PADS: Final = (0x36, 0x5C)
_CACHED_ADDRESSES: Final = 200_000
_DOMAIN_LIMIT: Final = 512
_MAILBOX_DOMAIN: Final = re.compile(r"\[[0-9a-f:.]+\]|[\w\-]+(?:\.[\w\-]+)*+")
_PERCENT_SIGN: Final = re.compile(r"%(?:25)++")
_MOST_ENCODINGS: Final = 16
"""What takes more passes was made to take them: each goes through the whole text."""
_NOBODY: Final[tuple[None, None]] = (None, None)


class RecipientHasher:
    """Pseudonyms of mail addresses under one key.

    Parameters
    ----------
    key : bytes
        At least 16 bytes.
    keep_ids : bool
        Take recipients that are no addresses (no at sign in any writing) for pseudonyms already, and keep them as
        they are. Addresses are hashed all the same.
    kept_in : str
        Where the key lies, for messages.

    Examples
    --------
    >>> hasher = RecipientHasher(b"0123456789abcdef")
    >>> hasher.hash("Alice@Example.org ") == hasher.hash("alice@example.org")
    True
    """

    def __init__(self, key: bytes, *, keep_ids: bool = False, kept_in: str = "") -> None:
        if len(key) < _SHORTEST_KEY:
            raise HashKeyError(
                f"The hash key has {len(key)} bytes; expected at least {_SHORTEST_KEY}. "
                f"Set {KEY_VARIABLE} to a long random text, or unset it to have a key made."
            )
        self._key = key
        # HMAC by its two hashes (RFC 2104), begun once and copied for each address: half the work of `hmac`'s own copy.
        padded = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(
            _BLOCK_BYTES, b"\0"
        )
        self._inner, self._outer = (hashlib.sha256(bytes(one ^ pad for one in padded)) for pad in _PADS)
        self.keep_ids = keep_ids
        self.kept_in = kept_in
        self._known: dict[str, tuple[str, str | None]] = {}

    @classmethod
    def load(cls, *, keep_ids: bool = False) -> Self:
        """Return a hasher with the user's key, which is made and kept on first use.

        Raises
        ------
        HashKeyError
            The key is too short, or its file is damaged or cannot be read or written.
        """
        given = os.environ.get(KEY_VARIABLE)
        if given is not None:
            key = given.encode("utf-8", "surrogateescape")
            return cls(key, keep_ids=keep_ids, kept_in=f"the variable {KEY_VARIABLE}")
        path = configuration_folder() / "hash.key"
        return cls(_kept_key(path), keep_ids=keep_ids, kept_in=str(path))

    def __reduce__(self) -> tuple[Callable[..., RecipientHasher], tuple[bytes, bool]]:
        """Let other processes have one hasher each, with what it has learned, instead of a new one a task."""
        return _hasher_of_this_process, (self._key, self.keep_ids)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell keys apart and give nothing away."""
        return hmac.digest(self._key, b"paperknife key fingerprint", "sha256").hex()[:16]

    def hash(self, address: str) -> str:
        """Return the pseudonym of an address: 32 hexadecimal digits.

        The address is normalised first: Unicode NFC, stripped, lower case, and nothing else.
        """
        return (self._known.get(address) or self._learned(address))[0]

    def hash_all(self, addresses: Sequence[str | None]) -> tuple[list[str | None], list[str | None]]:
        """Return the pseudonyms and the mailbox domains (lower case) of addresses; None of None."""
        known, learned = self._known.get, self._learned
        pairs = [_NOBODY if address is None else known(address) or learned(address) for address in addresses]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _learned(self, address: str) -> tuple[str, str | None]:
        if len(self._known) >= _CACHED_ADDRESSES:
            self._known.clear()
        plain = (address if address.isascii() else unicodedata.normalize("NFC", address)).strip().lower()
        if self.keep_ids and "@" not in with_plain_at_signs(plain):
            pseudonym = address.strip()
        else:
            inner, outer = self._inner.copy(), self._outer.copy()
            inner.update(plain.encode("utf-8", "surrogatepass"))
            outer.update(inner.digest())
            pseudonym = outer.hexdigest()[:_HASH_CHARACTERS]
        _, at_sign, domain = plain.rpartition("@")
        pair = self._known[address] = (pseudonym, _mailbox_domain(domain) if at_sign else None)
        return pair

    def hide_own(self, text: str, address: str, pseudonym: str) -> str:
        """Return a text in which one recipient's address is replaced by its pseudonym, in any case and writing.

        Also as bounce addresses write it (``ada=example.org``, VERP), which no search for addresses can know.
        """
        local, at_sign, domain = address.strip().rpartition("@")
        if not at_sign or not local or local.lower() not in text.lower():
            return text
        own = rf"{re.escape(local)}(?:{AT_SIGN}|=|%3[dD]){re.escape(domain)}"
        return re.sub(own, pseudonym.replace("\\", r"\\"), text, flags=re.IGNORECASE)

    def hide_addresses(self, text: str) -> str:
        """Return a text whose mail addresses, percent-encoded ones too, are replaced by their pseudonyms."""
        return replace_addresses(text, lambda found: self.hash(_decoded(found)))


@lru_cache(maxsize=10_000)
def _mailbox_domain(said: str) -> str | None:
    """Return the domain at the beginning of what follows an at sign.

    Not all of it: "ada@example.org (Ada Fern)" shall not put a name into the log.
    """
    mailbox = _MAILBOX_DOMAIN.match(said)
    return mailbox.group()[:_DOMAIN_LIMIT] if mailbox else None


@lru_cache(maxsize=4)
def _hasher_of_this_process(key: bytes, keep_ids: bool) -> RecipientHasher:  # noqa: FBT001 - pickle gives places
    return RecipientHasher(key, keep_ids=keep_ids)


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
    """Return an address without the percent signs of a URL, however often these were encoded."""
    plain = _PERCENT_SIGN.sub("%", address)
    for _ in range(_MOST_ENCODINGS):
        if "%" not in plain or (once := _PERCENT_SIGN.sub("%", unquote(plain))) == plain:
            break
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
