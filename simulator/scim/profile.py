"""The tenant URL that an administrator enters, and the dialect that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from ipaddress import ip_address

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.encoding import encode_url_text

DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "https://tapt.example/scim/v2"
_ENDPOINTS = ("users", "groups", "schemas", "resourcetypes", "serviceproviderconfig", "me", "bulk", ".search")


class Dialect(StrEnum):
    """How the body of a PATCH is written; everything else is common. Source: WIRE-061, WIRE-068."""

    DEFAULT = "default"
    FLAGGED = "aadOptscim062020"


_FLAGS = {
    "aadoptscim062020": Dialect.FLAGGED,
    "azureadscimpatch062020": Dialect.FLAGGED,
    "azureadscimpatch2017": Dialect.DEFAULT,
}
"""Parameters of the tenant URL that the service reads for itself, in lower case. Source: WIRE-002, WIRE-004."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUrl:
    """Where the SCIM endpoint is.

    Args:
        scheme: "https" or "http".
        host: lower case, ASCII (names in other scripts in their xn-- form); an IPv6 address without brackets.
        port: always a number, the scheme's default when none is written.
        path: encoded, without a trailing slash; "" for the root.
        query: encoded parameters other than the flags, without "?"; they precede the SCIM parameters of each request.
            Assumed: whoever writes an access key there wants it sent; no page says.
        dialect: what the flags ask for.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = ""
    dialect: Dialect = Dialect.DEFAULT

    @classmethod
    def parse(cls, text: str, *, allow_http: bool = False) -> TenantUrl:
        """Return the parts of a tenant URL.

        Args:
            text: as typed; white space around it is dropped.
            allow_http: permit http to hosts other than this machine.
        Raises:
            UserInputError: the text is no usable URL; the message says what to write instead.

        Source: WIRE-001 to WIRE-004, WIRE-007. Assumed: with both flags the newer one wins.
        """
        url = text.strip()
        _refuse_odd_text(url)
        scheme, rest = _split_scheme(url)
        if "#" in rest:
            raise UserInputError(f"The tenant URL '{url}' has a fragment: leave out '#' and what follows it.")
        location, _, query = rest.partition("?")
        authority, slash, path = location.partition("/")
        host, port = _split_authority(authority, url, DEFAULT_PORTS[scheme])
        if scheme == "http" and not allow_http and not is_loopback(host):
            raise UserInputError(
                f"The tenant URL '{url}' must begin with https://: plain http is for this machine only "
                "(localhost, 127.0.0.1). To speak it all the same, add --allow-http."
            )
        kept, dialect = _split_flags(query, url)
        return cls(
            scheme=scheme,
            host=host,
            port=port,
            path=_checked_path(slash + path, url),
            query=encode_url_text(kept),
            dialect=dialect,
        )

    @property
    def authority(self) -> str:
        """Return the value of the Host header: the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def base(self) -> str:
        """Return the URL without any query: what "/Users" is appended to."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def __str__(self) -> str:
        """Return the URL as it could be typed in, with the flag of its dialect."""
        flag = "" if self.dialect is Dialect.DEFAULT else str(self.dialect)
        query = "&".join(part for part in (self.query, flag) if part)
        return f"{self.base}?{query}" if query else self.base


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine by name or address, without asking a name server."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_odd_text(url: str) -> None:
    if not url:
        raise UserInputError(f"The tenant URL is empty: enter the SCIM base address, for example {_EXAMPLE}.")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise UserInputError(
            f"The tenant URL {url!r} holds a blank or a character that cannot be seen: write it without, "
            f"for example {_EXAMPLE}."
        )
    if "\\" in url or '"' in url or "<" in url or ">" in url:
        raise UserInputError(f"The tenant URL '{url}' holds one of the characters \\ \" < >: write it without them.")


def _split_scheme(url: str) -> tuple[str, str]:
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise UserInputError(f"The tenant URL '{url}' has no scheme: begin with https://, for example {_EXAMPLE}.")
    if scheme.lower() not in DEFAULT_PORTS:
        raise UserInputError(f"The tenant URL '{url}' begins with {scheme}://: only https:// and http:// are spoken.")
    return scheme.lower(), rest


def _split_authority(authority: str, url: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise UserInputError(
            f"The tenant URL to '{authority.rpartition('@')[2]}' holds a user name or password: leave that out, "
            "credentials are given as the secret token."
        )
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        separator, port_text = rest[:1], rest[1:]
        is_valid = bool(bracket) and _is_ipv6(host) and separator in ("", ":")
    else:
        host, separator, port_text = authority.partition(":")
        host = _ascii_host(host)
        is_valid = bool(host)
    if not is_valid:
        raise UserInputError(f"The tenant URL '{url}' has no valid host name: write it like {_EXAMPLE}.")
    if not separator:
        return host.lower(), default_port
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 0 < int(port_text) < 65536):
        raise UserInputError(f"The tenant URL '{url}' has no valid port: it is a number from 1 to 65535.")
    return host.lower(), int(port_text)


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def _ascii_host(host: str) -> str:
    """Return the host in ASCII, "" when it cannot be a host name."""
    try:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return ""
    labels = name.rstrip(".").split(".")
    allowed = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
    is_valid = len(name) <= 253 and all(0 < len(label) <= 63 and set(label.lower()) <= allowed for label in labels)
    return name if is_valid else ""


def _checked_path(path: str, url: str) -> str:
    base = path.rstrip("/")
    for flag in _FLAGS:
        if flag in base.lower():
            raise UserInputError(
                f"The tenant URL '{url}' has a flag inside its path: a flag follows a question mark, "
                f"for example {_EXAMPLE}?{Dialect.FLAGGED}."
            )
    last = base.rpartition("/")[2]
    if last.lower() in _ENDPOINTS:
        raise UserInputError(
            f"The tenant URL '{url}' ends in /{last}: leave that off, the service appends /Users and /Groups itself."
        )
    return encode_url_text(base)


def _split_flags(query: str, url: str) -> tuple[str, Dialect]:
    kept = []
    dialect = Dialect.DEFAULT
    for part in query.split("&"):
        name = part.partition("=")[0].lower()
        if name in _FLAGS:
            dialect = Dialect.FLAGGED if _FLAGS[name] is Dialect.FLAGGED else dialect
        elif "?" in part and any(flag in part.lower() for flag in _FLAGS):
            raise UserInputError(f"The tenant URL '{url}' has two question marks: join parameters with '&'.")
        elif part:
            kept.append(part)
    return "&".join(kept), dialect
