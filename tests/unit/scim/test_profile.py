"""The tenant URL: what is accepted, what it means, what is said about the rest."""

from __future__ import annotations

import pytest

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.scim.profile import is_loopback


@pytest.mark.rule("WIRE-001", "WIRE-002", "WIRE-003", "WIRE-004")
@pytest.mark.parametrize(
    ("text", "base", "query", "dialect"),
    [
        ("https://tapt.example/scim/v2", "https://tapt.example/scim/v2", "", Dialect.DEFAULT),
        ("https://tapt.example/scim/v2/", "https://tapt.example/scim/v2", "", Dialect.DEFAULT),
        ("  https://TAPT.example  ", "https://tapt.example", "", Dialect.DEFAULT),
        ("https://tapt.example:443/x", "https://tapt.example/x", "", Dialect.DEFAULT),
        ("https://tapt.example:8443/x", "https://tapt.example:8443/x", "", Dialect.DEFAULT),
        ("http://127.0.0.1:8471/scim/v2", "http://127.0.0.1:8471/scim/v2", "", Dialect.DEFAULT),
        ("http://localhost:80/x", "http://localhost/x", "", Dialect.DEFAULT),
        ("https://[::1]:8471/x", "https://[::1]:8471/x", "", Dialect.DEFAULT),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x", "", Dialect.DEFAULT),
        ("https://tapt.example/a%20b", "https://tapt.example/a%20b", "", Dialect.DEFAULT),
        ("https://t.example/s?aadOptscim062020", "https://t.example/s", "", Dialect.FLAGGED),
        ("https://t.example/s/?AADOPTSCIM062020", "https://t.example/s", "", Dialect.FLAGGED),
        ("https://t.example/s?aadOptscim062020=", "https://t.example/s", "", Dialect.FLAGGED),
        ("https://t.example/s?k=1&aadOptscim062020", "https://t.example/s", "k=1", Dialect.FLAGGED),
        ("https://t.example/s?aadOptscim062020&k=1&m", "https://t.example/s", "k=1&m", Dialect.FLAGGED),
        ("https://t.example/s?AzureAdScimPatch062020", "https://t.example/s", "", Dialect.FLAGGED),
        ("https://t.example/s?AzureAdScimPatch2017", "https://t.example/s", "", Dialect.DEFAULT),
        ("https://t.example/s?AzureAdScimPatch2017&aadOptscim062020", "https://t.example/s", "", Dialect.FLAGGED),
    ],
)
def test_accepted(text: str, base: str, query: str, dialect: Dialect) -> None:
    url = TenantUrl.parse(text)
    assert (url.base, url.query, url.dialect) == (base, query, dialect)


@pytest.mark.rule("WIRE-001", "WIRE-007")
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("tapt.example/scim", "has no scheme: begin with https://"),
        ("//tapt.example/scim", "has no scheme"),
        ("ftp://tapt.example/scim", "only https:// and http:// are spoken"),
        ("http://tapt.example/scim", "must begin with https://"),
        ("http://10.0.0.1/scim", "must begin with https://"),
        ("https://tapt example/scim", "holds a blank"),
        ("https://tapt.example/sc im", "holds a blank"),
        ("https://tapt.example/\x00", "cannot be seen"),
        ("https://tapt.example/scim#top", "leave out '#'"),
        ("https://me:secret@tapt.example/scim", "credentials are given as the secret token"),
        ("https:///scim", "no valid host name"),
        ("https://ta..pt/scim", "no valid host name"),
        ("https://[::1/scim", "no valid host name"),
        ("https://[nonsense]/scim", "no valid host name"),
        ("https://tapt.example:/scim", "no valid port"),
        ("https://tapt.example:http/scim", "no valid port"),
        ("https://tapt.example:0/scim", "no valid port"),
        ("https://tapt.example:65536/scim", "no valid port"),
        ("https://tapt.example:¹/scim", "no valid port"),
        ("https://tapt.example/scim/v2/Users", "leave that off"),
        ("https://tapt.example/scim/v2/users/", "leave that off"),
        ("https://tapt.example/scim/Groups?aadOptscim062020", "leave that off"),
        ("https://tapt.example/scim/ServiceProviderConfig", "leave that off"),
        ("https://tapt.example/scim&aadOptscim062020", "a flag follows a question mark"),
        ("https://tapt.example/scim?k=1?aadOptscim062020", "two question marks"),
        ("https://tapt.example\\scim", "holds one of the characters"),
    ],
)
def test_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(UserInputError) as refusal:
        TenantUrl.parse(text)
    assert advice in str(refusal.value)
    assert "secret@" not in str(refusal.value)


def test_plain_http_can_be_permitted() -> None:
    assert TenantUrl.parse("http://tapt:8471/scim/v2", allow_http=True).base == "http://tapt:8471/scim/v2"


@pytest.mark.parametrize("host", ["localhost", "tapt.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "tapt", "::2"])
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "text",
    ["https://t.example/s", "https://t.example:8443/s?k=1", "https://t.example/s?k=1&aadOptscim062020"],
)
def test_a_url_can_be_written_back(text: str) -> None:
    assert str(TenantUrl.parse(text)) == text
    assert TenantUrl.parse(str(TenantUrl.parse(text))) == TenantUrl.parse(text)
