"""Where Sentinel-1 and land cover are published, and what is called what there.

====================  ===============================================  =============================================
name                  radar                                            land cover
====================  ===============================================  =============================================
planetary-computer    ``sentinel-1-rtc``, 10 m, UTM, whole world       ``esa-worldcover``, 10 m, 2020 and 2021
planetary-computer-io as above                                         ``io-lulc-annual-v02``, 10 m, 2017 and later
digital-earth-africa  ``s1_rtc``, 20 m, degrees, Africa                ``cgls_landcover`` (LC100), 100 m, 2015 to 2019
====================  ===============================================  =============================================

All three are gamma nought, corrected for the terrain, in linear power. Element 84's Earth Search has Sentinel-1 too, but in
radar geometry and without the correction (``sentinel-1-grd``): it does not lie on any map, and this course cannot use it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from .scenes import SceneError

#: io-lulc code -> that of TerraMesh, which are the same ten classes (doi:10.1109/IGARSS47720.2021.9553499)
IO_TO_TERRAMESH = {0: 0, 1: 1, 2: 2, 4: 3, 5: 4, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9}

#: The legend of a collection of land cover, by its name.
LEGENDS = {
    "esa-worldcover": "worldcover",
    "cgls_landcover": "lc100",
    "io-lulc-annual-v02": "io-lulc",
    "io-lulc-9-class": "io-lulc",
}


class CatalogueError(SceneError):
    """A catalogue cannot be asked, has nothing there, or does not answer as a catalogue does."""


class CatalogueWarning(UserWarning):
    """Some of what a catalogue has was left out; the message says what and why."""


@dataclass(frozen=True)
class Catalogue:
    """A STAC catalogue, and the names in it.

    Attributes
    ----------
    address : of a STAC API, or of a catalogue, collection or item collection as JSON files (a path or a URL)
    radar, labels : collections
    polarisations : the assets that hold VV and VH
    label : the asset that holds the classes
    legend : of the classes: ``"lc100"``, ``"worldcover"``, ``"terramesh"`` or ``"io-lulc"``
    angle : the asset with the incidence angle [degree], if there is one
    decibels : the radar is stored in dB; else as linear power
    sign : makes the URL that may be read out of the one that the catalogue gives
    """

    address: str
    radar: str = "sentinel-1-rtc"
    labels: str = "esa-worldcover"
    polarisations: tuple[str, str] = ("vv", "vh")
    label: str = "map"
    legend: str = ""
    angle: str | None = None
    decibels: bool = False
    sign: Callable[[str], str] | None = field(default=None, repr=False)


def catalogue_of(which: str | Catalogue, **names) -> Catalogue:
    """The catalogue of this name or address.

    Parameters
    ----------
    which : one of :data:`NAMED`, or an address or path, or a :class:`Catalogue`
    **names : fields of :class:`Catalogue` that are different

    Raises
    ------
    CatalogueError : there is no such catalogue, or none that the course can use
    """
    if isinstance(which, str) and which in UNFIT:
        raise CatalogueError(UNFIT[which])
    if isinstance(which, str) and which not in NAMED and not re.search(r"[/\\.]", which):
        close = get_close_matches(which, NAMED, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(NAMED)}."
        raise CatalogueError(
            f"no catalogue {which!r}; {advice} The address of a STAC API or the path of a catalogue file works too"
        )
    given = NAMED.get(which, Catalogue(which)) if isinstance(which, str) else which
    given = replace(given, **{name: value for name, value in names.items() if value is not None})
    legend = given.legend or LEGENDS.get(given.labels, "")
    if not legend:
        raise CatalogueError(
            f"what legend do the classes of {given.labels!r} have? Say legend='lc100', 'worldcover', 'terramesh' or 'io-lulc'"
        )
    return replace(given, legend=legend)


class AzureSigner:
    """Adds to a URL of Azure Blob Storage the token that Planetary Computer gives for it; tokens last for some minutes.

    Some collections want an account; its key is read from ``PC_SDK_SUBSCRIPTION_KEY``, as Microsoft's own package does.
    """

    SERVICE = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
    BLOB = re.compile(r"^https://(?P<account>\w+)\.blob\.core\.windows\.net/(?P<container>[^/]+)/[^?]+$")
    #: Seconds for which a token is used again.
    LASTS = 600

    def __init__(self, service: str = SERVICE):
        self.service, self.tokens = service, {}

    def __call__(self, url: str) -> str:
        if not (match := self.BLOB.match(url)):
            return url
        return f"{url}?{self._token(match['account'], match['container'])}"

    def _token(self, account: str, container: str) -> str:
        import requests

        token, since = self.tokens.get((account, container), ("", 0.0))
        if time.monotonic() - since < self.LASTS and token:
            return token
        key = os.environ.get("PC_SDK_SUBSCRIPTION_KEY")
        try:
            answer = requests.get(f"{self.service}/{account}/{container}", timeout=(10, 60),
                                  headers={"Ocp-Apim-Subscription-Key": key} if key else {})  # fmt: skip
        except requests.RequestException as reason:
            raise CatalogueError(f"{self.service} cannot be reached ({reason}). Is there a network?") from None
        if answer.status_code in (401, 403):
            raise CatalogueError(f"Planetary Computer gives {account}/{container} to account holders only: "
                                 "put your key into PC_SDK_SUBSCRIPTION_KEY, or use another catalogue")  # fmt: skip
        try:
            token = answer.json()["token"]
        except (ValueError, KeyError, TypeError):
            raise CatalogueError(f"{self.service} gave no token for {account}/{container} but {answer.status_code} "
                                 f"{answer.reason}; try again later") from None  # fmt: skip
        self.tokens[(account, container)] = (token, time.monotonic())
        return token


def public_bucket(url: str) -> str:
    """The https address of an object in one of Digital Earth Africa's public buckets: no Amazon account is needed."""
    match = re.match(r"^s3://(deafrica-[^/]+)/(.+)$", url)
    return f"https://{match[1]}.s3.af-south-1.amazonaws.com/{match[2]}" if match else url


_PLANETARY = Catalogue(
    "https://planetarycomputer.microsoft.com/api/stac/v1", "sentinel-1-rtc", "esa-worldcover", sign=AzureSigner()
)

NAMED: Mapping[str, Catalogue] = {
    "planetary-computer": _PLANETARY,
    "planetary-computer-io": replace(_PLANETARY, labels="io-lulc-annual-v02", label="data"),
    "digital-earth-africa": Catalogue(
        "https://explorer.digitalearth.africa/stac",
        "s1_rtc",
        "cgls_landcover",
        label="classification",
        angle="angle",
        sign=public_bucket,
    ),
}

UNFIT: Mapping[str, str] = {
    "earth-search": "Earth Search has Sentinel-1 only in radar geometry (sentinel-1-grd, GRD without terrain correction), which "
    "lies on no map, and no land cover; 'planetary-computer' has both for the whole world, 'digital-earth-africa' for Africa",
}
