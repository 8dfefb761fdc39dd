"""A small CAMELS-US folder in the published form, and an independent way to read one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ("dayl", "prcp", "srad", "swe", "tmax", "tmin", "vp")
AREAS = {"01000001": 587_675_987, "01000002": 10_407_302, "02000003": 2_260_093_113}
HEADERS = {
    "daymet": "Year Mnth Day Hr dayl(s) prcp(mm/day) srad(W/m2) swe(mm) tmax(C) tmin(C) vp(Pa)",
    "maurer": "Year Mnth Day Hr\tDayl(s)\tPRCP(mm/day)\tSRAD(W/m2)\tSWE(mm)\tTmax(C)\tTmin(C)\tVp(Pa)",
}
HEADERS["nldas"] = HEADERS["maurer"]
NAMES = {"daymet": "cida"}


def write_camels(root: Path, products=("daymet",), days: int = 400, areas=AREAS) -> Path:
    """Folder with random forcing and discharge; the last discharge starts 40 days late and ends 30 days early."""
    for n, (basin, area) in enumerate(areas.items()):
        time = pd.date_range("2000-01-01", periods=days)
        for product in products:
            rng = np.random.default_rng([n, len(product)])
            write_forcing(
                forcing_file(root, basin, product),
                time[: days - 50 if product == "maurer" else days],
                area,
                rng,
                product,
            )
        late, early = (40, 30) if n == len(areas) - 1 else (0, 0)
        write_streamflow(streamflow_file(root, basin), time[late : days - early], np.random.default_rng([n, 99]))
    write_tables(root / "camels_attributes_v2.0", areas)
    return root


def forcing_file(root: Path, basin: str, product: str = "daymet") -> Path:
    return (
        root
        / "basin_mean_forcing"
        / product
        / basin[:2]
        / f"{basin}_lump_{NAMES.get(product, product)}_forcing_leap.txt"
    )


def streamflow_file(root: Path, basin: str) -> Path:
    return root / "usgs_streamflow" / basin[:2] / f"{basin}_streamflow_qc.txt"


def write_forcing(path: Path, time, area: int, rng, product: str = "daymet") -> None:
    n = len(time)
    tmin = rng.normal(3, 9, n)
    tmax = tmin if product in ("maurer", "nldas") else tmin + rng.gamma(4, 2, n)
    columns = [
        rng.uniform(3e4, 5e4, n),
        rng.gamma(0.3, 9, n),
        rng.uniform(40, 500, n),
        0 * tmin,
        tmax,
        tmin,
        rng.uniform(90, 3e3, n),
    ]
    lines = ["  44.82", " 133.00", f" {area}", HEADERS[product]]
    for day, values in zip(time, zip(*columns)):
        lines.append(f"{day:%Y %m %d} 12\t" + "\t".join(f"{value:.2f}" for value in values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def write_streamflow(path: Path, time, rng) -> None:
    flow = rng.gamma(1.5, 200, len(time))
    flag = rng.choice(["A", "A:e"], len(time))
    gone = rng.random(len(time)) < 0.05
    flow, flag = np.where(gone, -999, flow), np.where(gone, "M", flag)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{path.name[:8]} {d:%Y %m %d} {q:8.2f} {f}\n" for d, q, f in zip(time, flow, flag)))


def write_tables(folder: Path, basins) -> None:
    """Three of the seven tables, with the stray spaces, NA and leading zeros of the published ones."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(enumerate(basins))
    (folder / "camels_name.txt").write_text(
        "gauge_id;huc_02;gauge_name\n" + "".join(f"{b};{b[:2]};River {n} near Here, Maine\n" for n, b in rows)
    )
    (folder / "camels_topo.txt").write_text(
        "gauge_id;gauge_lat;gauge_lon;elev_mean;slope_mean;area_gages2;area_geospa_fabric\n"
        + "".join(f"{b};{44 + n};{-68 - n};{100 * n}.5;20.1;{570 + n};600\n" for n, b in rows)
    )
    (folder / "camels_vege.txt").write_text(
        "gauge_id;frac_forest;dom_land_cover;root_depth_50\n"
        + "".join(f"{b};0.{n + 1};    Mixed Forests;{'NA' if n == 0 else 0.2}\n" for n, b in rows)
    )
    (folder / "camels_hydro.txt").write_text(
        "gauge_id;q_mean;runoff_ratio\n" + "".join(f"{b};{1.5 + n};0.5\n" for n, b in rows)
    )


def naive(root: Path, basin: str, product: str = "daymet") -> pd.DataFrame:
    """One basin read with pandas alone: forcing, discharge [mm/day], flag, by date."""
    path = next(root.glob(f"basin_mean_forcing/{product}/*/{basin}_*"))
    forcing = pd.read_csv(
        path,
        sep=r"\s+",
        skiprows=4,
        header=None,
        names=["y", "m", "d", "h", "dayl", "prcp", "srad", "swe", "tmax", "tmin", "vp"],
    )
    forcing.index = pd.to_datetime(dict(year=forcing.y, month=forcing.m, day=forcing.d))
    flow = pd.read_csv(
        next(root.glob(f"usgs_streamflow/*/{basin}_*")),
        sep=r"\s+",
        header=None,
        names=["id", "y", "m", "d", "q", "flag"],
    )
    flow.index = pd.to_datetime(dict(year=flow.y, month=flow.m, day=flow.d))
    area = float(path.read_text().split("\n")[2])
    flow["discharge"] = flow.q.where(flow.q != -999) * 28316846.592 * 86400 / (area * 1e6)
    return forcing.drop(columns=list("ymdh")).join(flow[["discharge", "flag"]], how="outer")


def edit(path, line, change):
    """Change one line, counted from 1; None deletes it and a list puts several in its place."""
    lines = path.read_text().split("\n")
    new = change(lines[line - 1]) if callable(change) else change
    lines[line - 1 : line] = [] if new is None else [new] if isinstance(new, str) else new
    path.write_text("\n".join(lines))


def assert_like_pandas(basins, root, product="daymet", suffix="", names=COLUMNS):
    for basin in basins["basin"].values:
        expected = naive(root, basin, product).reindex(basins["time"].values)
        for name in names:
            got = basins[name + suffix].sel(basin=basin).values
            np.testing.assert_allclose(got, expected[name].values, rtol=2e-7, err_msg=f"{basin} {name}")
        np.testing.assert_allclose(basins["discharge"].sel(basin=basin).values, expected["discharge"].values, rtol=2e-7)
