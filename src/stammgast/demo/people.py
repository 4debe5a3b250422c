"""Made-up customers of the demo company: who they are and what they use. Every address ends in demo.example.com."""

from __future__ import annotations

from random import Random

import msgspec

from stammgast.demo.mishaps import browser_owner

MAIL_DOMAIN = "demo.example.com"

_FIRST_NAMES = (
    "Anna Ben Clara David Elif Finn Greta Hannes Ida Jonas Katharina Leon Mia Noah Olga Paul Quirin Rosa Samir Theresa "
    "Ulrich Vera Wilma Xenia Yusuf Zoe Amelie Bruno Carla Dilan Emil Franziska Gustav Helene Ivan Johanna Karl Lina "
    "Marlene Nils Oskar Paula Ruben Sofia Tobias Valentin Emma Oliver Grace Henry Lucy Jack"
)
_LAST_NAMES = (
    "Albrecht Bauer Christ Demir Engel Fuchs Gruber Huber Imhof Jung Keller Lang Maier Neumann Ott Pichler Quandt "
    "Richter Seidl Thoma Urban Vogel Wagner Yilmaz Zimmermann Brandt Dietrich Ebner Forster Hofer Kaya Lindner Moser "
    "Novak Petersen Reiter Schuster Winkler Baker Clarke Evans Walker"
)
_FIRST, _LAST = _FIRST_NAMES.split(), _LAST_NAMES.split()
_PLACES = (
    ("DE", "Freiburg", "91.64.{}.0"),
    ("DE", "Augsburg", "87.128.{}.0"),
    ("DE", "Leipzig", "79.192.{}.0"),
    ("DE", "Hamburg", "93.192.{}.0"),
    ("AT", "Salzburg", "84.112.{}.0"),
    ("AT", "Graz", "77.116.{}.0"),
    ("CH", "Luzern", "178.196.{}.0"),
    ("GB", "Bristol", "81.128.{}.0"),
)
"""Country, town, and addresses (already truncated) of a large provider there."""
AGENTS = {
    "desktop": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    "mobile": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    ),
}


class Customer(msgspec.Struct, frozen=True):
    """One made-up person. `loyalty` from 0 (came once) to 1 (a regular); `temper` from 0 (grumpy) to 1 (delighted)."""

    number: int
    first: str
    last: str
    country: str
    city: str
    ip: str
    language: str
    agent: str
    has_app: bool
    reads_mail: bool
    visits_store: bool
    loyalty: float
    temper: float

    @property
    def user_id(self) -> str:
        """Their customer number, marked as the demo's."""
        return f"demo-{self.number:04d}"

    @property
    def anonymous_id(self) -> str:
        """Their browser before they said who they are; in some households two share one."""
        return f"demo-browser-{browser_owner(self.number):04d}"

    @property
    def email(self) -> str:
        """An address that can't belong to anybody."""
        return f"{self.first}.{self.last}.{self.number}@{MAIL_DOMAIN}".lower()

    @property
    def phone(self) -> str:
        """A number from the range that is kept free for films and examples (Berlin, 030 23125xxx)."""
        return f"+493023125{self.number % 1000:03d}"


def make_customer(number: int, random: Random) -> Customer:
    """Return the customer `number`; the same for the same state of `random`."""
    country, city, network = random.choice(_PLACES)
    kind = "mobile" if random.random() < 0.58 else "desktop"  # noqa: PLR2004 - most people shop on a phone
    return Customer(
        number=number,
        first=random.choice(_FIRST),
        last=random.choice(_LAST),
        country=country,
        city=city,
        ip=network.format(random.randrange(200)),
        language="en-GB" if country == "GB" else f"de-{country}",
        agent=random.choice(AGENTS[kind]),
        has_app=random.random() < 0.35,  # noqa: PLR2004 - shares of a made-up company
        reads_mail=random.random() < 0.6,  # noqa: PLR2004
        visits_store=random.random() < 0.3,  # noqa: PLR2004
        loyalty=random.betavariate(1.2, 2.2),
        temper=random.betavariate(4.0, 1.6),
    )
