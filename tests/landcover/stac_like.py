"""A small STAC catalogue of cloud-optimised GeoTIFFs, made from real chips or from invented ones, as files and as an API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

RADAR, LABELS = "sentinel-1-rtc", "landcover"
NAMES = {"radar": RADAR, "labels": LABELS, "legend": "terramesh"}
DAY = datetime(2021, 6, 2, 16, 4, 18)


@dataclass
class Sheet:
    """A chip on its map: power (band, y, x), codes of TerraMesh's classes (y, x)."""

    name: str
    power: np.ndarray
    codes: np.ndarray
    grid: GeoBox
    when: datetime = DAY


def invented(name="made", shape=(96, 96), crs="EPSG:32632", corner=(500_003.25, 5_000_007.75), seed=0, when=DAY) -> Sheet:
    """A chip of noise whose grid lies on no round coordinates, as real ones do not."""
    rng = np.random.default_rng(seed)
    power = (rng.gamma(5.0, 1 / 5.0, (2, *shape)) * np.array([0.1, 0.02])[:, None, None]).astype(np.float32)
    codes = np.kron(rng.choice([1, 2, 4, 5, 9], (shape[0] // 8, shape[1] // 8)), np.ones((8, 8), int)).astype(np.uint8)
    return Sheet(name, power, codes, GeoBox(shape, Affine(10, 0, corner[0], 0, -10, corner[1]), crs), when)


def real_chip(folder: Path, name: str) -> Sheet:
    """A chip of TerraMesh, read with rasterio and nothing of ours."""
    with rasterio.open(folder / "S1RTC" / f"{name}.tif") as radar, rasterio.open(folder / "LULC" / f"{name}.tif") as label:
        grid = GeoBox(radar.shape, radar.transform, str(radar.crs))
        when = datetime.fromisoformat(radar.tags()["datetime"][:19])
        return Sheet(name, (10 ** (radar.read() / 10)).astype(np.float32), label.read(1), grid, when)


def write_cog(path: Path, values: np.ndarray, grid: GeoBox, nodata=None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "COG", "dtype": values.dtype, "count": 1, "height": grid.shape[0], "width": grid.shape[1],
               "crs": str(grid.crs), "transform": grid.affine, "blocksize": 128, "compress": "deflate"}  # fmt: skip
    with rasterio.open(path, "w", nodata=nodata, **profile) as file:
        file.write(values, 1)
    return path


def write_chips(folder: Path, sheets) -> Path:
    """The same chips as a folder of TerraMesh's kind."""
    for sheet in sheets:
        for kind, values in (("S1RTC", 10 * np.log10(sheet.power.astype(float))), ("LULC", sheet.codes[None])):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            profile = {"driver": "GTiff", "dtype": values.dtype, "count": len(values), "height": sheet.grid.shape[0],
                       "width": sheet.grid.shape[1], "crs": str(sheet.grid.crs), "transform": sheet.grid.affine}  # fmt: skip
            with rasterio.open(folder / kind / f"{sheet.name}.tif", "w", **profile) as file:
                file.write(values)
                file.update_tags(datetime=sheet.when.isoformat() + ".000000000")
    return folder


@dataclass
class Store:
    """A catalogue that is being filled; :meth:`write` makes its files."""

    folder: Path
    items: list[dict] = field(default_factory=list)

    def radar(self, sheet: Sheet, name=None, days=0, hours=0, orbit="ascending", bands=("vv", "vh"), nodata=-32768.0, db=False,
              told=True, power=None) -> dict:  # fmt: skip
        """Index the radar of `sheet`."""
        name = name or f"S1_{sheet.name}_{days}_{hours}"
        values = sheet.power if power is None else power
        files = {}
        for band, one in zip(bands, values):
            stored = (10 * np.log10(one) if db else np.where(np.isfinite(one), one, nodata)).astype(np.float32)
            files[band] = write_cog(self.folder / RADAR / f"{name}_{band}.tif", stored, sheet.grid, nodata)
        return self.item(RADAR, name, sheet.grid, files, sheet.when + timedelta(days=days, hours=hours), told,
                          {"sat:orbit_state": orbit})  # fmt: skip

    def labels(self, sheet: Sheet, name=None, year=2021, asset="map", told=True) -> dict:
        """Index the land cover of `sheet`, as a map of a year."""
        name = name or f"LC_{sheet.name}_{year}"
        files = {asset: write_cog(self.folder / LABELS / f"{name}.tif", sheet.codes, sheet.grid)}
        return self.item(LABELS, name, sheet.grid, files, datetime(year, 1, 1), told, {})

    def both(self, sheet: Sheet) -> Store:
        self.radar(sheet)
        self.labels(sheet)
        return self

    def item(self, collection, name, grid, files, when, told=True, properties=()) -> dict:
        outline = grid.extent.to_crs("EPSG:4326")
        box = outline.boundingbox
        projection = {"proj:epsg": grid.crs.epsg, "proj:shape": list(grid.shape), "proj:transform": list(grid.affine[:6])}
        item = {
            "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection, "links": [],
            "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"] if told else [],
            "bbox": [box.left, box.bottom, box.right, box.top], "geometry": outline.json,
            "properties": {"datetime": f"{when.isoformat()}Z", **dict(properties), **(projection if told else {})},
            "assets": {band: {"href": str(path), "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                              "roles": ["data"]} for band, path in files.items()},
        }  # fmt: skip
        self.items.append(item)
        return item

    def write(self, base: str = "") -> str:
        """The path of an item collection; `base` is the address under which a server gives the files."""
        path = self.folder / ("catalogue.json" if not base else "remote.json")
        path.write_text(json.dumps(self.collection(base)))
        return str(path)

    def collection(self, base: str = "", items=None) -> dict:
        items = json.loads(json.dumps(self.items if items is None else items))
        for item in items if base else []:
            for asset in item["assets"].values():
                asset["href"] = f"{base}/{Path(asset['href']).relative_to(self.folder)}"
        return {"type": "FeatureCollection", "features": items}

    def write_tree(self) -> str:
        """The path of a static catalogue: catalog.json, a collection, an item file for each item."""
        links = []
        for name in sorted({item["collection"] for item in self.items}):
            here = []
            for item in (i for i in self.items if i["collection"] == name):
                linked = item | {"links": [{"rel": "collection", "href": f"./{name}.json"}]}
                (self.folder / f"{item['id']}.json").write_text(json.dumps(linked))
                here.append({"rel": "item", "href": f"./{item['id']}.json"})
            extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2014-01-01T00:00:00Z", None]]}}
            document = {"type": "Collection", "stac_version": "1.0.0", "id": name, "description": name, "license": "other",
                        "extent": extent, "links": here}  # fmt: skip
            (self.folder / f"{name}.json").write_text(json.dumps(document))
            links.append({"rel": "child", "href": f"./{name}.json"})
        root = {"type": "Catalog", "stac_version": "1.0.0", "id": "test", "description": "a test", "links": links}
        path = self.folder / "catalog.json"
        path.write_text(json.dumps(root))
        return str(path)
