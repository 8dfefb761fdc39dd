"""Radar and land cover from a STAC catalogue, read by odc-stac: found by place and time, opened lazily."""

from __future__ import annotations

import itertools
import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .catalogues import Catalogue, CatalogueError
from .tiles import Place, Tile

if TYPE_CHECKING:
    import pystac
    import xarray as xr
    from odc.geo.geobox import GeoBox

#: Seconds to wait for a connection, and for an answer.
PATIENCE = (10, 60)

#: A request that fails is made again so many times, after pauses of this many seconds, doubled each time.
TRIES, PAUSE = 4, 0.5

BUSY = (429, 500, 502, 503, 504)

#: How GDAL reads from a server: it tries again by itself, gives up on a stalled one.
GDAL = {
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_TIMEOUT": "60",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
}


#: Counts the sources of this session, see :func:`own_address`.
_NUMBERS = itertools.count()


class StacSource:
    """What :mod:`.datacube` asks a STAC catalogue for.

    Parameters
    ----------
    catalogue : where, and the names in it
    """

    def __init__(self, catalogue: Catalogue):
        self.catalogue = catalogue
        self.legend, self.decibels = catalogue.legend, catalogue.decibels
        self.polarisations, self.angle = catalogue.polarisations, catalogue.angle
        self.name = catalogue.address
        self.number = next(_NUMBERS)

    def radar(self, place: Place, period: tuple[np.datetime64, np.datetime64]) -> list[Tile]:
        """The radar's frames that touch the place in this period."""
        return self._found(self.catalogue.radar, self.polarisations, place, period)

    def labels(self, place: Place) -> list[Tile]:
        """The sheets of the land-cover maps of all years that touch the place."""
        found = self._found(self.catalogue.labels, (self.catalogue.label,), place, None)
        if lacking := [tile for tile in found if self.catalogue.label not in tile.bands]:
            raise CatalogueError(
                f"{lacking[0].name} has no asset {self.catalogue.label!r} but {', '.join(sorted(lacking[0].bands))}; "
                "say label= with the one that holds the classes"
            )
        return found

    def open_radar(self, groups: Sequence[Sequence[Tile]], grid: GeoBox, chunks: dict, resampling: str) -> xr.Dataset:
        """Bands by name, each (time, y, x) float32, one time for each group of frames; NaN where nothing was seen."""
        bands = [*self.polarisations, *([self.angle] if self._has_angle(groups) else [])]
        number = {id(tile.source): n for n, group in enumerate(groups) for tile in group}
        items = [tile.source for group in groups for tile in group]
        found = self._load(items, bands, grid, chunks, resampling, "float32", lambda item, *_: number[id(item)])
        times = np.array([group[0].when for group in groups], "datetime64[ns]")
        return found.assign_coords(time=("time", times))

    def open_labels(self, tiles: Sequence[Tile], grid: GeoBox, chunks: dict, resampling: str) -> xr.DataArray:
        """Codes of the classes (y, x) uint8."""
        band = self.catalogue.label
        items = [tile.source for tile in tiles]
        found = self._load(items, [band], grid, chunks, resampling, "uint8", lambda *_: 0)
        return found[band].isel(time=0, drop=True)

    def _has_angle(self, groups: Sequence[Sequence[Tile]]) -> bool:
        return self.angle is not None and all(self.angle in tile.bands for group in groups for tile in group)

    def _load(self, items, bands, grid, chunks, resampling, dtype, groupby: Callable) -> xr.Dataset:
        import odc.stac

        odc.stac.configure_rio(cloud_defaults=True, **GDAL)
        logging.getLogger("odc.loader").addHandler(logging.NullHandler())  # it raises what it logs
        # without dtype a catalogue that tells none gives whole numbers; overviews may have been made by nearest or of dB
        return odc.stac.load(
            items, bands=bands, geobox=grid, groupby=groupby, chunks=chunks, resampling=resampling, dtype=dtype,
            patch_url=self._address, use_overviews=False, fail_on_error=True,
        )  # fmt: skip

    def _address(self, url: str) -> str:
        return own_address(self.catalogue.sign(url) if self.catalogue.sign else url, self.number)

    def _found(self, collection: str, bands: Sequence[str], place: Place, period) -> list[Tile]:
        items = find_items(self.catalogue.address, collection, place.bbox, period)
        tiles = [tile_of(item, bands, self.catalogue.sign) for item in items]
        outline = place.outline
        return [tile for tile in tiles if tile.footprint.to_crs(outline.crs).intersects(outline)]


def own_address(url: str, number: int) -> str:
    """An address of the same file under which GDAL has nothing in its cache yet.

    GDAL keeps half an answer, and the news that a file is not there, as long as the process lives, so that trying again would
    not help. What follows # is not sent to the server, but makes another name for the cache.
    """
    return f"/vsicurl/{url}#{number}" if url.startswith(("http://", "https://")) else url


def find_items(address: str, collection: str, bbox: Sequence[float], period=None) -> list[pystac.Item]:
    """The items of a collection that touch `bbox` [degree] in `period`, each once.

    Parameters
    ----------
    address : a STAC API, or the JSON file of a catalogue, a collection or an item collection
    period : first and last moment, or None for all

    Raises
    ------
    CatalogueError : the catalogue cannot be reached, or does not answer as a catalogue does
    """
    import pystac
    import requests
    from pystac_client.exceptions import APIError
    from pystac_client.warnings import DoesNotConformTo

    try:
        root = _opened(address)
        found = (_searched if hasattr(root, "search") else _walked)(root, collection, bbox, period)
        return list({item.id: item for item in found}.values())
    except (APIError, requests.RequestException, OSError) as reason:
        raise CatalogueError(_unreachable(address, reason)) from None
    except CatalogueError:
        raise
    except (pystac.STACError, pystac.STACTypeError, DoesNotConformTo, ValueError, KeyError, TypeError, AttributeError) as reason:
        raise CatalogueError(
            f"{address} does not answer as a STAC catalogue does ({_first_line(reason)}). Is the address right? That of an API "
            "often ends with /v1 or /stac, that of a file with .json"
        ) from None


def _unreachable(address: str, reason: Exception) -> str:
    if getattr(reason, "status_code", None) == 404 or isinstance(reason, FileNotFoundError):
        return f"there is no catalogue at {address}; is the address right?"
    if status := getattr(reason, "status_code", None):
        return f"{address} answers {status} ({_first_line(reason)}); ask for less at once, or try again later"
    return f"{address} cannot be reached ({_first_line(reason)}). Is there a network? Nothing was written; try again later"


def _first_line(reason: Exception) -> str:
    text = str(reason).strip().split("\n")[0]
    return text[:160] + ("..." if len(text) > 160 else "") or type(reason).__name__


def _opened(address: str) -> pystac.STACObject | list:
    """An API, a catalogue or a collection of files, or the items of an item collection."""
    import pystac
    import pystac_client
    from pystac.stac_io import DefaultStacIO
    from pystac_client.stac_api_io import StacApiIO
    from urllib3 import Retry

    again = Retry(TRIES, backoff_factor=PAUSE, status_forcelist=BUSY, allowed_methods=None, raise_on_status=False)
    patient = StacApiIO(timeout=PATIENCE, max_retries=again)

    class Files(DefaultStacIO):
        """Reads as patiently as the API's reader, which itself takes every catalogue for an API."""

        def read_text_from_href(self, href: str) -> str:
            return patient.read_text(href)

    href = address if "://" in address else os.path.abspath(Path(address).expanduser())
    content = json.loads(patient.read_text(href))
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection":
        return list(pystac.ItemCollection.from_dict(content))
    if kind not in ("Catalog", "Collection"):
        raise ValueError(f"it is {kind or type(content).__name__!r}, not a catalogue")
    if kind == "Catalog" and any(link.get("rel") == "search" for link in content.get("links", [])):
        return pystac_client.Client.open(href, stac_io=patient)
    return {"Catalog": pystac.Catalog, "Collection": pystac.Collection}[kind].from_file(href, stac_io=Files())


def _searched(root, collection: str, bbox, period) -> Iterable[pystac.Item]:
    between = "/".join(f"{moment}Z" for moment in period) if period else None
    return root.search(collections=[collection], bbox=list(bbox), datetime=between, limit=100).items()


def _walked(root, collection: str, bbox, period) -> Iterable[pystac.Item]:
    """The items of a catalogue that is made of files, and has nobody to search them."""
    items = root if isinstance(root, list) else root.get_items(recursive=True)
    collections = set()
    west, south, east, north = bbox
    for item in items:
        collections.add(item.collection_id)
        if item.collection_id != collection or item.bbox is None:
            continue
        left, bottom, right, top = item.bbox if len(item.bbox) == 4 else (*item.bbox[:2], *item.bbox[3:5])
        if right < west or left > east or top < south or bottom > north:
            continue
        if period is None or period[0] <= moment_of(item) <= period[1]:
            yield item
    if collection not in collections:
        known = ", ".join(sorted(map(str, collections))) or "none"
        raise CatalogueError(f"the catalogue has no collection {collection!r}; it has {known}")


def moment_of(item: pystac.Item) -> np.datetime64:
    """When an item was taken, or begins, in UTC."""
    when = item.datetime or item.common_metadata.start_datetime
    if when is None:
        raise ValueError(f"item {item.id} has no time")
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when, "us")


def tile_of(item: pystac.Item, bands: Sequence[str], sign: Callable[[str], str] | None = None) -> Tile:
    """An item as a :class:`~.tiles.Tile`; its grid is read from the file's head where the item does not tell it."""
    import odc.stac
    from odc.geo.geom import Geometry

    if item.geometry is None:
        raise CatalogueError(f"item {item.id} has no footprint, so that nobody knows where it lies")
    grid = None
    if present := [band for band in bands if band in item.assets]:
        grids = odc.stac.parse_item(item).geoboxes(present)
        grid = grids[0] if grids else grid_of_file(item.assets[present[0]].get_absolute_href(), sign)
    orbit = str(item.properties.get("sat:orbit_state", "")).lower()
    return Tile(item.id, moment_of(item), Geometry(item.geometry, "EPSG:4326"), grid, orbit, frozenset(item.assets), item)


def grid_of_file(href: str, sign: Callable[[str], str] | None = None) -> GeoBox:
    """The pixel grid that the head of a file tells."""
    import rasterio
    from odc.geo.geobox import GeoBox
    from rasterio.errors import RasterioError

    try:
        address = own_address(sign(href) if sign else href, next(_NUMBERS))
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", **GDAL), rasterio.open(address) as file:
            return GeoBox(file.shape, file.transform, str(file.crs))
    except RasterioError as reason:
        raise CatalogueError(f"{href} is in the catalogue but cannot be read ({_first_line(reason)})") from None
