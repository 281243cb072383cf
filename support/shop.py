"""What the invented demo shop sells and promises."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Product:
    """One card of the shop page. `art` names a drawing, `tones` the colours it comes in."""

    art: str
    name: Text
    line: Text
    price: str
    tones: tuple[tuple[str, Text], ...]
    badge: Text = ""

    @property
    def template(self) -> str:
        """The template that draws the product."""
        return f"support/shop/art/{self.art}.html"


@dataclass(frozen=True, slots=True)
class Answer:
    """One entry of the help section, and the question it puts into the chat."""

    title: Text
    text: Text


MOSS = ("moss", _("Moss"))
TARN = ("tarn", _("Lake blue"))
RUST = ("rust", _("Rust"))
OAT = ("oat", _("Oat"))
SLATE = ("slate", _("Slate"))
GORSE = ("gorse", _("Gorse yellow"))
HEATHER = ("heather", _("Heather"))

PRODUCTS: tuple[Product, ...] = (
    Product(
        "shell",
        _("Tarn Shell"),
        _("Rain jacket, 20,000 mm, taped seams, a hood that turns with you"),
        "€189",
        (TARN, GORSE, MOSS),
        _("Bestseller"),
    ),
    Product(
        "fleece",
        _("Moorland Half-Zip"),
        _("Recycled grid fleece, warm when damp"),
        "€95",
        (OAT, MOSS, RUST),
    ),
    Product(
        "boot",
        _("Fell Boot"),
        _("Waxed leather, true to size, wide version in every size"),
        "€210",
        (RUST, SLATE),
    ),
    Product(
        "pack",
        _("Day Pack 22"),
        _("Roll-in rain cover, fits under a train seat"),
        "€120",
        (MOSS, SLATE, GORSE),
        pgettext_lazy("product", "New"),
    ),
    Product(
        "jumper",
        _("Heather Crew"),
        _("Merino and lambswool, knitted in one piece"),
        "€115",
        (HEATHER, SLATE, OAT),
    ),
    Product(
        "trousers",
        _("Scree Trousers"),
        _("Stretch, quick to dry, three leg lengths"),
        "€110",
        (SLATE, MOSS, OAT),
    ),
    Product(
        "beanie",
        _("Bothy Beanie"),
        _("Lambswool, double cuff, removable bobble"),
        "€32",
        (GORSE, RUST, TARN),
    ),
    Product(
        "socks",
        _("Trail Socks, two pairs"),
        _("Merino terry, no seam at the toes"),
        "€28",
        (RUST, TARN, MOSS),
    ),
)

ANSWERS: tuple[Answer, ...] = (
    Answer(
        _("Delivery"),
        _(
            "Three to five working days for €4.90, free over €75. Express orders placed before "
            "14:00 take one to two working days and cost €9.90."
        ),
    ),
    Answer(
        _("Returns and exchanges"),
        _(
            "Sixty days, free of charge, as long as it is unworn and the tags are on. We set the "
            "other size aside as soon as you ask for it."
        ),
    ),
    Answer(
        _("Sizes"),
        _(
            "Our jackets leave room for one warm layer. Between two sizes, take the larger for "
            "jackets and the smaller for base layers. Boots are true to size."
        ),
    ),
    Answer(
        _("Warranty and repairs"),
        _(
            "Five years on seams, zips, buckles and membranes. Everything else our workshop mends "
            "for €10 to €35, usually within ten working days."
        ),
    ),
)
