"""Radar and land cover from a datacube index, for organisations that run one.

The index is a PostgreSQL database; datacube's memory index fails every query by place or time, and there is no SQLite driver.
`pip install "dla-course-kit[datacube]"` brings what is needed. To start from nothing::

    from datacube import Datacube
    cube = Datacube()                       # connects as `datacube system check` says
    cube.index.init_db()                    # once, or `datacube system init`
    add_products(cube)                      # once: the definitions in products/
    index_files(cube, "s1_rtc", {"vv": "scene_vv.tif", "vh": "scene_vh.tif"}, acquired="2021-06-10T16:04:18")
    index_files(cube, "cgls_landcover", {"classification": "lc100_2019.tif"}, acquired="2019-01-01")
    load_scene(bbox, "2021-06", catalogue=cube)

Killough (2018), Open Data Cube, doi:10.1109/IGARSS.2018.8517694
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .catalogues import LEGENDS, CatalogueError
from .tiles import Place, Tile, own_pixels

if TYPE_CHECKING:
    import xarray as xr
    from odc.geo.geobox import GeoBox

PRODUCTS = Path(__file__).parent / "products"


class CubeSource:
    """What :mod:`.datacube` asks an index for.

    Parameters
    ----------
    cube : an open :class:`datacube.Datacube`, or the name of an environment of datacube's configuration, None for the default
    radar, labels : products
    polarisations, label, angle : measurements, or their aliases
    legend : of the classes, by default known from the product's name
    decibels : the radar is stored in dB
    """

    def __init__(
        self,
        cube=None,
        radar: str = "s1_rtc",
        labels: str = "cgls_landcover",
        polarisations: tuple[str, str] = ("vv", "vh"),
        label: str = "classification",
        angle: str | None = None,
        legend: str = "",
        decibels: bool = False,
    ):
        self.cube = _connected(cube) if cube is None or isinstance(cube, str) else cube
        self.names = {"radar": radar, "labels": labels}
        self.polarisations, self.label, self.angle, self.decibels = tuple(polarisations), label, angle, decibels
        self.legend = legend or LEGENDS.get(labels, "")
        if not self.legend:
            raise CatalogueError(
                f"what legend do the classes of {labels!r} have? Say legend='lc100', 'worldcover' or 'terramesh'"
            )
        self.name = f"datacube: {radar}, {labels}"

    def radar(self, place: Place, period: tuple[np.datetime64, np.datetime64]) -> list[Tile]:
        """The radar's frames that touch the place in this period."""
        return self._found(self.names["radar"], place, period, self.polarisations)

    def labels(self, place: Place) -> list[Tile]:
        """The sheets of the land-cover maps of all years that touch the place."""
        return self._found(self.names["labels"], place, None, (self.label,))

    def open_radar(self, groups: Sequence[Sequence[Tile]], grid: GeoBox, chunks: dict, resampling: str) -> xr.Dataset:
        """Bands by name, each (time, y, x) float32, one time for each group of frames; NaN where nothing was seen."""
        import xarray as xr

        bands = [*self.polarisations, *([self.angle] if self.angle else [])]
        dates = [self._load(self.names["radar"], group, bands, grid, chunks, resampling) for group in groups]
        found = xr.concat([_without_nodata(date) for date in dates], "time", coords="minimal", compat="override", join="override")
        return found.assign_coords(time=("time", np.array([group[0].when for group in groups], "datetime64[ns]")))

    def open_labels(self, tiles: Sequence[Tile], grid: GeoBox, chunks: dict, resampling: str) -> xr.DataArray:
        """Codes of the classes (y, x) uint8."""
        found = self._load(self.names["labels"], tiles, [self.label], grid, chunks, resampling)
        return found[self.label].isel(time=0, drop=True).astype(np.uint8)

    def _load(self, product: str, tiles: Sequence[Tile], bands, grid: GeoBox, chunks: dict, resampling: str) -> xr.Dataset:
        """All tiles as one time on `grid`.

        They are loaded on their own pixels, and resampled here: datacube's reader takes every second pixel where it is asked
        for averages of two by two.
        """
        from odc.geo.xr import xr_reproject

        together = None
        for lattice, part in _by_lattice(tiles).items():
            own = grid if lattice is None else own_pixels(part[0].grid, grid)
            found = self._paste(product, part, bands, own, chunks)
            if own != grid:
                found = xr_reproject(found, grid, resampling=resampling, chunks=(chunks["y"], chunks["x"]))
            together = found if together is None else _filled(together, found)
        return together

    def _paste(self, product: str, tiles: Sequence[Tile], bands, grid: GeoBox, chunks: dict) -> xr.Dataset:
        """By the grid, not by crs and resolution: those two gave 225 pixels for a file of 224."""
        from datacube.api.query import GroupBy

        one = GroupBy(lambda _: 0, "time", "seconds since 1970-01-01 00:00:00", group_key=lambda _: np.datetime64(0, "ns"))
        found = self.cube.load(
            product=product, datasets=[tile.source for tile in tiles], measurements=bands, like=grid, dask_chunks=chunks,
            resampling="nearest", group_by=one,
        )  # fmt: skip
        return found.rename({"longitude": "x", "latitude": "y"}) if "longitude" in found.dims else found

    def _found(self, product: str, place: Place, period, bands: Sequence[str]) -> list[Tile]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            known = {p.name: p for p in self.cube.index.products.get_all()}
            if product not in known:
                raise CatalogueError(f"the index has no product {product!r}; it has {', '.join(sorted(known)) or 'none'}. "
                                     "add_products(cube) adds the definitions that come with the course")  # fmt: skip
            when = {} if period is None else {"time": tuple(m.item() for m in period)}
            found = self.cube.find_datasets(product=product, geopolygon=place.outline, **when)
        except SQLAlchemyError as reason:
            raise CatalogueError(
                f"the index does not answer ({_first_line(reason)}); `datacube system check` tells more"
            ) from None
        return [tile_of(dataset, bands) for dataset in found]


def _connected(environment: str | None):
    """The datacube of an environment."""
    try:
        import datacube
    except ImportError:
        raise CatalogueError('an index needs the package datacube: pip install "dla-course-kit[datacube]"') from None
    from datacube.cfg import ConfigException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return datacube.Datacube(app="dla-course-kit", env=environment)
    except (ConfigException, SQLAlchemyError, datacube.index.exceptions.IndexSetupError, ValueError) as reason:
        driver = " (SQLAlchemy 2.1 finds it where db_url begins with postgresql+psycopg2://)" if "psycopg2" in str(reason) else ""
        raise CatalogueError(
            f"no datacube index answers: {_first_line(reason)}{driver}. `datacube system check` tells which one is configured; "
            "a STAC catalogue, such as catalogue='planetary-computer', needs none"
        ) from None


def _first_line(reason: Exception) -> str:
    return str(reason).strip().split("\n")[0][:200]


def _by_lattice(tiles: Sequence[Tile]) -> dict[tuple | None, list[Tile]]:
    """The tiles whose pixels lie on each other's; None is the lattice of those that do not tell theirs."""
    lattices: dict[tuple | None, list[Tile]] = {}
    for tile in tiles:
        key = None
        if (grid := tile.grid) is not None:
            size, corner = np.array([grid.affine.a, grid.affine.e]), np.array([grid.affine.c, grid.affine.f])
            key = (str(grid.crs), *size.round(9), *np.mod(np.round(corner / size, 2), 1))
        lattices.setdefault(key, []).append(tile)
    return lattices


def _filled(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """`one`, and where it has no data `other`."""
    filled = {}
    for name, band in one.data_vars.items():
        nodata = band.attrs.get("nodata", np.nan if band.dtype.kind == "f" else 0)
        filled[name] = band.where(band.notnull() if np.isnan(nodata) else band != nodata, other[name].data)
    return one.assign(filled)


def _without_nodata(date: xr.Dataset) -> xr.Dataset:
    """Floats, NaN where the product says that there are no data."""
    floats = {}
    for name, band in date.data_vars.items():
        nodata = band.attrs.get("nodata")
        there = band if nodata is None or np.isnan(nodata) else band.where(band != nodata)
        floats[name] = there.astype(np.float32)
    return date.assign(floats)


def tile_of(dataset, bands: Sequence[str]) -> Tile:
    """A dataset of an index as a :class:`~.tiles.Tile`."""
    from affine import Affine
    from odc.geo.geobox import GeoBox

    document = dataset.metadata_doc
    aliases = {a: m.name for m in dataset.product.measurements.values() for a in (m.name, *m.get("aliases", []))}
    present = {band for band in bands if aliases.get(band, band) in document.get("measurements", {})}
    first = document["measurements"].get(aliases.get(bands[0], bands[0]), {})
    told = document.get("grids", {}).get(first.get("grid", "default"))
    grid = GeoBox(told["shape"], Affine(*told["transform"][:6]), str(dataset.crs)) if told else None
    properties = document.get("properties", {})
    when = np.datetime64(dataset.center_time.replace(tzinfo=None), "us")
    orbit = str(properties.get("sat:orbit_state", "")).lower()
    return Tile(document.get("label") or str(dataset.id), when, dataset.extent, grid, orbit, frozenset(present), dataset)


# Filling an index -------------------------------------------------------------------------------------------------


def add_products(cube) -> list[str]:
    """Add the product definitions that come with the course, ``s1_rtc`` and ``cgls_landcover``; what is there stays.

    Returns
    -------
    added : the names of those that were not there
    """
    import yaml

    added = []
    for path in sorted(PRODUCTS.glob("*.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        if cube.index.products.get_by_name(definition["name"]) is None:
            cube.index.products.add(cube.index.products.from_doc(definition))
            added.append(definition["name"])
    return added


def index_files(
    cube, product: str, files: Mapping[str, str | os.PathLike], acquired: str, properties: Mapping | None = None
) -> uuid.UUID:
    """Index GeoTIFF files of one grid as one dataset; the same files again are the same dataset.

    Parameters
    ----------
    product : its name, such as ``"s1_rtc"``
    files : measurement -> file, or address that GDAL can read
    acquired : date and time, UTC
    properties : such as ``{"sat:orbit_state": "ascending"}``

    Raises
    ------
    CatalogueError : the files lie on different grids, or the index does not want them
    """
    from datacube.index.hl import Doc2Dataset

    document = dataset_document(product, files, acquired, properties)
    dataset, reason = Doc2Dataset(cube.index, products=[product])(document, f"dla:{document['id']}")
    if dataset is None:
        raise CatalogueError(f"the index does not take {document['label']} as {product}: {reason}")
    if cube.index.datasets.get(dataset.id) is None:
        cube.index.datasets.add(dataset)
    return dataset.id


def dataset_document(
    product: str, files: Mapping[str, str | os.PathLike], acquired: str, properties: Mapping | None = None
) -> dict:
    """The eo3 document of a dataset: what an index keeps of it."""
    from .stac import grid_of_file

    places = {band: str(path) if "://" in str(path) else str(Path(path).expanduser().resolve()) for band, path in files.items()}
    grids = {band: grid_of_file(place) for band, place in places.items()}
    first, *others = grids.values()
    if any(other != first for other in others):
        raise CatalogueError(f"the files of one dataset lie on one grid; these do not: {', '.join(places.values())}")
    name = Path(next(iter(places.values()))).stem
    return {
        "$schema": "https://schemas.opendatacube.org/dataset",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{product}|{acquired}|{sorted(places.items())}")),
        "label": name,
        "product": {"name": product},
        "crs": str(first.crs) if first.crs.epsg is None else f"EPSG:{first.crs.epsg}",
        "grids": {"default": {"shape": list(first.shape), "transform": list(first.affine)}},
        "measurements": {band: {"path": place} for band, place in places.items()},
        "properties": {"datetime": f"{np.datetime64(acquired, 'us')}Z", "odc:processing_datetime": "2024-01-01T00:00:00Z",
                       "odc:file_format": "GeoTIFF", **(properties or {})},
        "lineage": {},
    }  # fmt: skip
