"""A submission that is any table: some columns say which row it is, one holds what was predicted.

For competitions of other data than the course's. ``expected.csv`` in the inputs has the rows that are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .landcover.legend import CLASSES
from .submission_csv import SubmissionError, refusal

ROWS, SAYS = "expected.csv", "expected.json"

#: Numbers from here on are no measurement, and their squares may be infinite.
LARGEST = 1e30

#: Letters of a cell of a Parquet file at most.
LETTERS = 1000


@dataclass(frozen=True)
class TableExpected:
    """What a submission must hold: a number in `value` for each row of `rows`, in any order.

    Attributes
    ----------
    rows : the columns `keys`, as text
    value : name of the column that is predicted
    whole : whether it holds classes, whole numbers from 0 to 8
    """

    rows: pd.DataFrame
    value: str
    whole: bool = False

    @classmethod
    def of(cls, folder: Path) -> TableExpected:
        """What the inputs in `folder` ask for."""
        says = json.loads((Path(folder) / SAYS).read_text(encoding="utf-8"))
        return cls(read_table(Path(folder) / ROWS)[says["keys"]], says["value"], says["whole"])

    @staticmethod
    def write(folder: Path, rows: pd.DataFrame, keys: list[str], value: str, whole: bool = False) -> None:
        """Write what :meth:`of` reads.

        Raises
        ------
        SubmissionError : two rows have the same keys
        """
        if (twice := rows.duplicated(keys)).any():
            raise SubmissionError(f"two rows have the same {', '.join(keys)}: {tuple(rows.loc[twice, keys].iloc[0])}")
        rows[keys].to_csv(Path(folder) / ROWS, index=False, lineterminator="\n")
        (Path(folder) / SAYS).write_text(json.dumps({"keys": keys, "value": value, "whole": whole}), encoding="utf-8")

    @property
    def max_bytes(self) -> int:
        """A larger file cannot be right."""
        return 10_000 + 4 * int(self.rows.apply(lambda column: column.str.len() + 40).to_numpy().sum())

    def read(self, path: Path, name: str | None = None) -> np.ndarray:
        """The predicted numbers in the order of `rows`.

        Raises
        ------
        SubmissionError : the file cannot be used, with its line and a remedy
        """
        path, name = Path(path), name or str(path)
        if not path.is_file():
            raise refusal(f"{name}: no such file. Write it with to_csv(path, index=False).")
        if path.stat().st_size > self.max_bytes:
            raise refusal(f"{name}: {path.stat().st_size / 1e6:.1f} MB is more than a right submission can have "
                          f"({self.max_bytes / 1e6:.1f} MB). Is it the right file?")  # fmt: skip
        keys = list(self.rows)
        try:
            found = read_table(path, len(self.rows), [*keys, self.value])
        except (OSError, ValueError) as reason:
            raise refusal(f"{name}: this is no table ({str(reason)[:120]}). Write it with to_csv(path, index=False).") from None
        if sorted(map(str, found)) != sorted([*keys, self.value]):
            shown = ",".join(map(str, found))[:120]
            remedy = "Cells are separated by commas, not semicolons." if ";" in shown else "Rename, add or drop columns."
            raise refusal(f"{name}: expected the columns {','.join([*keys, self.value])}, found {shown}. {remedy}")
        place = pd.MultiIndex.from_frame(self.rows).get_indexer(pd.MultiIndex.from_frame(found[keys]))
        self._fault(place < 0, found, name, "is not asked for",
                    f"Rows look like {', '.join(self.rows.iloc[0])}; {ROWS} in the inputs has all that are asked for.")
        self._fault(pd.Series(place).duplicated().to_numpy(), found, name, "is there twice", "Keep one row of each.")
        numbers = pd.to_numeric(found[self.value], errors="coerce").to_numpy(float)
        far = ~(np.abs(numbers) < LARGEST)  # NaN is far as well
        self._fault(far, found, name, f"has no number below {LARGEST:g} in {self.value}", "Every row needs one.")
        if self.whole:
            strange = ~np.isin(numbers, range(len(CLASSES)))
            self._fault(strange, found, name, f"has no class 0 to 8 in {self.value}", "Classes are whole numbers.")
        if missing := len(self.rows) - len(found):
            first = self.rows.iloc[np.setdiff1d(np.arange(len(self.rows)), place)[0]]
            raise refusal(f"{name}: {missing} of {len(self.rows)} rows are missing (first: {', '.join(first)}). "
                          "Predict every row.")  # fmt: skip
        values = np.empty(len(self.rows))
        values[place] = numbers
        return values

    def _fault(self, bad: np.ndarray, found: pd.DataFrame, name: str, what: str, remedy: str) -> None:
        if bad.any():
            at = int(np.argmax(bad))
            row = ", ".join(cell[:40] for cell in found.iloc[at][list(self.rows)])
            more = f" ({bad.sum()} such rows)" if bad.sum() > 1 else ""
            raise refusal(f"{name}, line {at + 2}: the row {row} {what}{more}. {remedy}")


def is_parquet(start: bytes) -> bool:
    """Whether a file that begins like this is Parquet."""
    return start.startswith(b"PAR1")


def read_table(path: Path, rows: int | None = None, columns: Collection[str] | None = None) -> pd.DataFrame:
    """The cells of a CSV or Parquet file as text.

    Parameters
    ----------
    rows : of a Parquet file that has far more nothing is returned: a small file may hold a large table
    columns : of a Parquet file with other columns, their names alone are read

    Raises
    ------
    ValueError : it is neither, or larger than that
    """
    with Path(path).open("rb") as file:
        start = file.read(8)
    if is_parquet(start):
        return _read_parquet(path, rows, columns)
    try:
        found = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    if not isinstance(found.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its first line has names; decimals take a point")
    return found.fillna("")


def _read_parquet(path: Path, rows: int | None, columns: Collection[str] | None) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        if columns is not None and sorted(schema.names) != sorted(columns):
            return pd.DataFrame(columns=schema.names)
        if nested := [field.name for field in schema if pa.types.is_nested(field.type)]:
            raise ValueError(f"the column {nested[0][:40]!r} holds lists or records")
        texts = [field.name for field in schema if field.type in (pa.string(), pa.large_string())]
        stored, parts, count = pq.ParquetFile(path, read_dictionary=texts), [], 0
        if odd := [field.name for field in schema if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)]:
            raise ValueError(f"the column {odd[0][:40]!r} holds bytes, not text")
        for batch in stored.iter_batches(batch_size=10_000):  # the header may lie about how many there are
            count += batch.num_rows
            if rows is not None and count > 2 * rows:
                raise ValueError(f"it has more than {rows} rows")
            _check_lengths(batch)
            parts.append(batch.to_pandas(ignore_metadata=True).astype(str).fillna(""))
    except pa.ArrowException as reason:
        raise ValueError(f"it is damaged ({' '.join(str(reason).split())[:80]})") from None
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=schema.names)


def _check_lengths(batch) -> None:
    """A long text that is written once may stand in every row: it would take memory as often as that."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            longest = pc.max(pc.utf8_length(column.dictionary.cast(pa.large_string()))).as_py() or 0
            if longest > LETTERS:
                raise ValueError(f"a cell has {longest} letters, at most {LETTERS} are read")
