"""What made-up customers of the demo company say, in German and English."""

from __future__ import annotations

AGENTS = ("Maria", "Stefan", "Aylin")
LETTERS = ("Harvest letter", "Bread of the month", "Winter pantry", "Open farm day")
NETWORKS = ("Instagram", "Mastodon", "Facebook")
STORES = ("Store Freiburg", "Store Augsburg", "Market stall")

TOPICS = ("late", "damaged", "wrong", "bill")
COMPLAINTS: dict[str, dict[str, tuple[str, ...]]] = {
    "late": {
        "de": ("Mein Paket ist seit drei Tagen überfällig.", "Das Brot sollte am Freitag kommen. Wo bleibt es?"),
        "en": ("My parcel is three days late.", "The bread was meant to come on Friday. Where is it?"),
    },
    "damaged": {
        "de": ("Das Honigglas kam zerbrochen an.", "Der Karton war durchnässt und die Kekse auch."),
        "en": ("The honey jar arrived broken.", "The box was soaked and so were the crackers."),
    },
    "wrong": {
        "de": ("Ich hatte Bergkäse bestellt und Marmelade bekommen.", "Es fehlt die Hälfte meiner Bestellung."),
        "en": ("I ordered mountain cheese and got jam.", "Half of my order is missing."),
    },
    "bill": {
        "de": ("Mir wurde der Versand doppelt berechnet.", "Auf der Rechnung steht eine falsche Adresse."),
        "en": ("I was charged for delivery twice.", "The bill shows a wrong address."),
    },
}
PRAISE: dict[str, tuple[str, ...]] = {
    "de": (
        "Das beste Brot weit und breit, immer wieder gern.",
        "Schnell geliefert und liebevoll verpackt.",
        "Der Bergkäse ist ein Traum.",
        "Sehr freundliche Beratung am Telefon, danke.",
    ),
    "en": (
        "The best bread far and wide, I keep coming back.",
        "Quick delivery, packed with care.",
        "The mountain cheese is a dream.",
        "Very kind advice on the phone, thank you.",
    ),
}
MIXED: dict[str, tuple[str, ...]] = {
    "de": (
        "Gute Ware, aber die Lieferung dauert zu lange.",
        "Geschmack gut, Preis recht hoch.",
        "In Ordnung, die App stürzt manchmal ab.",
    ),
    "en": (
        "Good produce, but delivery takes too long.",
        "Tastes good, rather expensive.",
        "All right, the app crashes now and then.",
    ),
}
ANGER: dict[str, tuple[str, ...]] = {
    "de": (
        "Zum zweiten Mal beschädigt angekommen, das ist ärgerlich.",
        "Niemand geht ans Telefon, und auf Mails kommt keine Antwort.",
        "Enttäuscht: bezahlt und nicht geliefert.",
    ),
    "en": (
        "Arrived damaged for the second time, this is annoying.",
        "Nobody picks up the phone, and mails stay unanswered.",
        "Disappointed: paid for and not delivered.",
    ),
}
TOWNS = ("Konstanz", "Weimar", "Bregenz", "Bath")
