"""Recipients: where they live, which mailbox and client they have, how much they read and click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.worlds.apple import draw_modes
from paperknife.worlds.chance import Bools, Floats, Ints, choose
from paperknife.worlds.clients import APPLE, APPLE_OLD, PUBLIC_HOSTS, draw_blocked, draw_clients
from paperknife.worlds.rhythm import HOUR_S

if TYPE_CHECKING:
    import numpy.typing as npt

    from paperknife.worlds.laws import Laws, PeopleLaws

_PUBLIC_DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "gmail": ("gmail.com", "gmail.com", "gmail.com", "googlemail.com"),
    "yahoo": ("yahoo.com", "yahoo.com", "aol.com", "ymail.com", "yahoo.co.uk"),
    "microsoft": ("outlook.com", "hotmail.com", "live.com", "msn.com"),
    "icloud": ("icloud.com", "icloud.com", "me.com", "mac.com"),
    "regional": (
        "gmx.net",
        "web.de",
        "orange.fr",
        "libero.it",
        "comcast.net",
        "t-online.de",
        "btinternet.com",
    ),
}
_SYLLABLES: Final = (
    "ba",
    "co",
    "den",
    "fi",
    "gra",
    "ho",
    "in",
    "ka",
    "lo",
    "mer",
    "nor",
    "pa",
    "ro",
    "sen",
    "ti",
    "vo",
)
_ENDINGS: Final = (".com", ".com", ".com", ".co", ".net", ".io", ".org", ".de", ".fr", ".co.uk")


@dataclass(frozen=True, slots=True)
class People:
    """The recipients of a world; every array has one entry a person.

    Attributes
    ----------
    domain : ndarray of int64
        Index into `domains`.
    domains : ndarray of object
    company : ndarray of int64
        -1 for public mailboxes.
    region, city : ndarray of int64
    offset_s : ndarray of float64
        Local time minus UTC.
    read_logit, click_logit, speed : ndarray of float64
    client : ndarray (people, 2) of int64
        Second one -1 for most, see `paperknife.worlds.clients`.
    apple_mode : ndarray of int64
        Privacy setting, for those who use Apple Mail; index into `paperknife.worlds.apple.MODES`.
    likes_phone : ndarray of float64
        Share of readings on a phone where the client allows both.
    blocks_images, has_office, has_vpn, has_private_relay : ndarray of bool
        The last matters where the person browses with Safari.
    """

    domain: Ints
    domains: npt.NDArray[np.object_]
    company: Ints
    region: Ints
    city: Ints
    offset_s: Floats
    read_logit: Floats
    click_logit: Floats
    speed: Floats
    client: Ints
    apple_mode: Ints
    likes_phone: Floats
    blocks_images: Bools
    has_office: Bools
    has_vpn: Bools
    has_private_relay: Bools

    @property
    def has_apple(self) -> Bools:
        """Whether any of the person's clients is modern Apple Mail."""
        return np.asarray((self.client == APPLE).any(axis=1))


def _logit(p: npt.ArrayLike) -> Floats:
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float64)


def _draw_company_names(rng: np.random.Generator, n: int) -> list[str]:
    words = rng.choice(_SYLLABLES, (n, 3))
    endings = rng.choice(_ENDINGS, n)
    return [
        f"{''.join(word)}{i if i % 7 == 0 else ''}{end}"
        for i, (word, end) in enumerate(zip(words, endings, strict=True))
    ]


def _draw_mailboxes(
    rng: np.random.Generator, laws: Laws, n: int
) -> tuple[Ints, npt.NDArray[np.object_], Ints, Ints]:
    """Return each person's domain, the domain names, each person's company (-1 for none) and mailbox host."""
    is_company = rng.random(n) < laws.people.company_share
    companies_n = max(1, round(is_company.sum() / laws.people.people_per_company))
    company = np.where(is_company, choose(rng, 1 / (np.arange(companies_n) + 4.0), n), -1)
    company_host = choose(rng, laws.clients.company_host_weights, companies_n) + len(PUBLIC_HOSTS)
    public_host = choose(rng, laws.clients.host_weights, n)
    host = np.where(is_company, company_host[np.maximum(company, 0)], public_host)

    public = [name for names in _PUBLIC_DOMAINS.values() for name in names]
    first = np.cumsum([0, *[len(names) for names in _PUBLIC_DOMAINS.values()]])
    sizes = np.array([len(names) for names in _PUBLIC_DOMAINS.values()])
    public_domain = first[public_host] + (rng.random(n) * sizes[public_host]).astype(np.int64)
    domain = np.where(is_company, len(public) + company, public_domain)
    names = _draw_company_names(rng, companies_n)
    return domain, np.array(public + names, dtype=object), company, host


def draw_people(rng: np.random.Generator, laws: Laws, n: int) -> People:
    """Return `n` recipients."""
    mine: PeopleLaws = laws.people
    domain, domains, company, host = _draw_mailboxes(rng, laws, n)
    region = choose(rng, [r.weight for r in mine.regions], n)
    offset_h = np.array([mine.utc_offset_h + r.offset_h for r in mine.regions])[region]
    read_logit = _logit(
        rng.beta(mine.read_mean * mine.read_concentration, (1 - mine.read_mean) * mine.read_concentration, n)
    )
    centred = np.clip(read_logit - _logit(mine.read_mean), -3, 3)
    apple_logit = (
        np.array([r.apple_logit for r in mine.regions])[region]
        + laws.clients.apple_engagement * centred
        + laws.clients.apple_company * (company >= 0)
    )
    client = draw_clients(rng, laws.clients, host, apple_logit)
    is_old = rng.spawn(1)[0].random(n) < laws.clients.old_share
    client = np.where((client == APPLE) & is_old[:, None], APPLE_OLD, client)
    click_logit = (
        _logit(mine.clicks_per_read)
        + mine.click_person_sd * rng.standard_normal(n)
        + mine.click_engagement * centred
    )
    return People(
        domain=domain,
        domains=domains,
        company=company,
        region=region,
        city=region * laws.networks.cities_n + rng.integers(0, laws.networks.cities_n, n),
        offset_s=offset_h * HOUR_S,
        read_logit=read_logit,
        click_logit=click_logit
        - 0.4 * mine.click_person_sd**2,  # keeps the mean near the law's as the spread grows
        speed=np.exp(mine.speed_sd * rng.standard_normal(n)),
        client=client,
        apple_mode=draw_modes(rng, laws.apple, n),
        likes_phone=rng.beta(4 * laws.clients.phone_share, 4 * (1 - laws.clients.phone_share), n),
        blocks_images=draw_blocked(rng, laws.clients, client[:, 0]),
        has_office=rng.random(n) < laws.networks.office_share,
        has_vpn=rng.random(n) < laws.networks.vpn_share,
        has_private_relay=rng.random(n) < laws.networks.private_relay_share,
    )
