"""Mail clients: who uses which at which mailbox host, and under which user agents they load images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from paperknife.worlds import agents
from paperknife.worlds.chance import Bools, Floats, Ints, choose_rowwise, keyed_uniform

if TYPE_CHECKING:
    from paperknife.worlds.laws import ClientLaws
    from paperknife.worlds.texts import Texts

CLIENTS: Final = (
    "apple_mail",
    "apple_mail_old",
    "gmail",
    "yahoo",
    "outlook_web",
    "outlook_desktop",
    "outlook_mobile",
    "android_mail",
    "thunderbird",
    "webmail",
    "proton",
    "gateway",
    "gmail_prefetch",
    "link_checker",
)
"""True clients. The last three are machines; `proton` stands for all clients that never show an open."""

APPLE, APPLE_OLD, GMAIL, YAHOO, OUTLOOK_WEB, OUTLOOK_DESKTOP, OUTLOOK_MOBILE, ANDROID_MAIL = range(8)
THUNDERBIRD, WEBMAIL, PROTON, GATEWAY, GMAIL_PREFETCH, LINK_CHECKER = range(8, 14)
NO_CLIENT: Final = -1
PEOPLES_CLIENTS_N: Final = 11

PUBLIC_HOSTS: Final = ("gmail", "yahoo", "microsoft", "icloud", "regional")
COMPANY_HOSTS: Final = ("workspace", "microsoft_365", "own_server")
HOSTS: Final = PUBLIC_HOSTS + COMPANY_HOSTS

APPLE_LOGIT_BY_HOST: Final = (-0.3, 0.0, -0.2, 3.0, 0.2, -0.3, -0.8, 0.0)
"""How Apple's share differs by host: our assumption, blurred by `ClientLaws.apple_host_sd`."""

# Other clients by host, in the order of CLIENTS from gmail to proton. Our assumption, blurred per world.
_TYPICAL_MIX: Final = np.array(
    [
        [82, 0.2, 0.2, 2, 2, 11, 1.5, 0.2, 0.3],  # gmail
        [2, 76, 0.2, 1.5, 2, 15, 1.5, 0.5, 0.3],  # yahoo
        [1, 0.2, 48, 14, 20, 13, 2, 0.5, 0.5],  # microsoft
        [4, 0.2, 1, 8, 8, 10, 3, 64, 0.5],  # icloud
        [4, 0.5, 1, 9, 5, 26, 9, 38, 6],  # regional
        [78, 0.1, 0.3, 9, 4, 5, 2, 0.5, 0.3],  # workspace
        [0.5, 0.1, 21, 52, 20, 4, 1, 0.5, 0.3],  # microsoft_365
        [2, 0.1, 2, 38, 8, 12, 16, 18, 2],  # own_server
    ]
)

_IPHONE_SHARE: Final = 0.4
_MAC_SHARE: Final = 0.12
"""Of phones and of desks on which people read in other clients than Apple Mail: our assumption."""

_CAN_BLOCK: Final = np.isin(
    np.arange(len(CLIENTS)), [APPLE, APPLE_OLD, GMAIL, OUTLOOK_DESKTOP, THUNDERBIRD, WEBMAIL, ANDROID_MAIL]
)
_PHONE_ONLY: Final = (OUTLOOK_MOBILE, ANDROID_MAIL)
_DESK_ONLY: Final = (OUTLOOK_DESKTOP, THUNDERBIRD, WEBMAIL, OUTLOOK_WEB)


def draw_clients(rng: np.random.Generator, laws: ClientLaws, host: Ints, apple_logit: Floats) -> Ints:
    """Return each person's two clients, shape (people, 2); the second is `NO_CLIENT` for most.

    Parameters
    ----------
    host : ndarray (people,) of int64
        Index into `HOSTS`.
    apple_logit : ndarray (people,) of float64
        Log-odds of reading in Apple Mail beyond what the host says.
    """
    world_host_logit = np.array(APPLE_LOGIT_BY_HOST) + laws.apple_host_sd * rng.standard_normal(len(HOSTS))
    base = np.log(laws.apple_share / (1 - laws.apple_share))
    p_apple = 1 / (1 + np.exp(-(base + world_host_logit[host] + apple_logit)))
    mix = _TYPICAL_MIX / _TYPICAL_MIX.sum(axis=1, keepdims=True)
    mix = np.stack([rng.dirichlet(row * laws.mix_concentration + 0.01) for row in mix])
    people = len(host)
    chosen = np.empty((people, 2), dtype=np.int64)
    for column in range(2):
        other = choose_rowwise(rng, mix[host]) + GMAIL
        chosen[:, column] = np.where(rng.random(people) < p_apple, APPLE, other)
    has_second = (rng.random(people) < laws.second_share) & (chosen[:, 0] != chosen[:, 1])
    chosen[~has_second, 1] = NO_CLIENT
    return chosen


def draw_blocked(rng: np.random.Generator, laws: ClientLaws, client: Ints) -> Bools:
    """Return which people block remote images, for each person's first client."""
    return np.asarray(_CAN_BLOCK[client] & (rng.random(len(client)) < laws.blocked_share))


def place_on_phone(client: Ints, likes_phone: Bools) -> Bools:
    """Return which readings happen on a phone: by the client where it decides, else as the person likes."""
    return np.isin(client, _PHONE_ONLY) | (likes_phone & ~np.isin(client, _DESK_ONLY))


@dataclass(frozen=True, slots=True)
class Agents:
    """The user agents of a world, as codes of `Texts`; each person keeps one per client and browser."""

    salt: int
    by_client: dict[int, Ints]
    by_browser: dict[str, Ints]
    apple: Ints
    apple_share: float
    apple_from_s: float

    def _pick(self, pool: Ints, person: Ints, purpose: int) -> Ints:
        place = keyed_uniform(self.salt + purpose, person) ** 1.8  # few versions are common, many are rare
        return np.asarray(pool[(place * len(pool)).astype(np.int64)])

    def in_safari(self, person: Ints, client: Ints, on_phone: Bools) -> Bools:
        """Return whether the browser of readings in a client, on a phone or not, is Apple's."""
        is_iphone = (client <= APPLE_OLD) | (keyed_uniform(self.salt + 1, person) < _IPHONE_SHARE)
        is_iphone &= client != ANDROID_MAIL
        is_mac = (client <= APPLE_OLD) | (keyed_uniform(self.salt + 2, person) < _MAC_SHARE)
        return np.where(on_phone, is_iphone, is_mac)

    def of_browser(self, person: Ints, client: Ints, on_phone: Bools) -> Ints:
        """Return the browser that opens links (and webmail) for readings in a client, on a phone or not."""
        in_safari = self.in_safari(person, client, on_phone)
        phone = np.where(
            in_safari,
            self._pick(self.by_browser["iphone_browser"], person, 3),
            self._pick(self.by_browser["android_browser"], person, 4),
        )
        desk = np.where(
            in_safari,
            self._pick(self.by_browser["mac_browser"], person, 5),
            self._pick(self.by_browser["desktop_browser"], person, 6),
        )
        return np.where(on_phone, phone, desk)

    def of_client(self, person: Ints, client: Ints, on_phone: Bools, at: Floats) -> Ints:
        """Return the user agent that loads images for readings in a client at a time."""
        agent = self.of_browser(person, client, on_phone)
        for code, pool in self.by_client.items():
            agent = np.where(client == code, self._pick(pool, person, 10 + code), agent)
        is_new = (keyed_uniform(self.salt + 7, person) < self.apple_share) & (at >= self.apple_from_s)
        return np.where(client == APPLE, np.where(is_new, self.apple[1], self.apple[0]), agent)


def draw_client_agents(
    rng: np.random.Generator, texts: Texts, *, apple: str, apple_share: float, apple_from_s: float
) -> Agents:
    """Return the user agents of a world in which `apple_share` of Apple Mail calls itself `apple` in the end."""
    drawn = (APPLE_OLD, OUTLOOK_DESKTOP, OUTLOOK_MOBILE, ANDROID_MAIL, THUNDERBIRD)
    by_client = {code: texts.add(agents.draw_agents(rng, CLIENTS[code], 25)) for code in drawn}
    by_client |= {GMAIL: texts.add([agents.GMAIL]), YAHOO: texts.add([agents.YAHOO])}
    browsers = ("desktop_browser", "android_browser", "iphone_browser", "mac_browser")
    return Agents(
        salt=int(rng.integers(2**62)),
        by_client=by_client,
        by_browser={kind: texts.add(agents.draw_agents(rng, kind, 40)) for kind in browsers},
        apple=texts.add([agents.APPLE, apple]),
        apple_share=apple_share,
        apple_from_s=apple_from_s,
    )
