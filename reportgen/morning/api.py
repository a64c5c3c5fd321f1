"""What `import reportgen` gives: a brief, an archive and a map, with pandas tables in and out.

The same steps as the command line: input is judged by the same rules, and the same input gives the same bytes.
"""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reportgen.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from reportgen.brief.types import Brief
    from reportgen.delivery.archive.store import Store
    from reportgen.units import Floats, Ints

_FRAME_VENUE: Final = "frame"
_PAGE_HEIGHT: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningBrief:
    """A brief, and what can be made of it.

    Attributes:
        brief: All that it says, typed; the same as brief.json.
    """

    brief: Brief

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Give its rows as the archive keeps them, by table: briefs, symbols, zones, plans, … (docs/python.md)."""
        from reportgen.delivery.archive.days import BriefFolder, morning_of
        from reportgen.delivery.archive.rows import KEYS, TABLES, database_of

        place = BriefFolder(day=morning_of(self.brief), revision=1)
        with database_of({place: self.json()}) as database:
            return {name: database.execute(f"SELECT {KEYS}, {rows}").df() for name, rows in TABLES.items()}

    def json(self) -> bytes:
        """Give brief.json."""
        from reportgen.render.formats import COPY

        return self._written(COPY)

    def html(self) -> str:
        """Give the page, self-contained.

        Raises:
            RenderError: A template or a chart could not be made.
        """
        from reportgen.render.formats import PAGE

        return self._written(PAGE).decode()

    def pdf(self) -> bytes:
        """Give the PDF.

        Raises:
            RenderError: A template or a chart could not be made.
        """
        from reportgen.render.formats import PDF

        return self._written(PDF)

    def save(self, folder: str | Path) -> Mapping[str, Path]:
        """Write page, PDF and JSON into a folder, each whole or not at all; gives their places by format.

        Raises:
            OSError: The folder cannot be written.
        """
        from reportgen.delivery.archive.commit import replace_files
        from reportgen.render.formats import FORMATS

        written = {one.name: Path(folder) / one.file for one in FORMATS}
        replace_files({written[one.name]: self._written(one) for one in FORMATS})
        return written

    def _written(self, form: Any) -> bytes:  # noqa: ANN401 - a Format, which is loaded when asked for
        from reportgen.morning.making import for_others
        from reportgen.morning.pages import write_one

        return write_one(for_others(self.brief), form)

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own so that neither styles the other."""
        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:{_PAGE_HEIGHT}px;border:0"></iframe>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The briefs that a folder or URL keeps."""

    store: Store

    def days(self) -> tuple[str, ...]:
        """List the days that have a brief, oldest first, as "2026-01-19"."""
        from reportgen.delivery.archive.days import brief_folders

        return tuple(dict.fromkeys(place.day for place in brief_folders(self.store.files())))

    def brief(self, day: str | None = None) -> MorningBrief:
        """Read the last brief of a day, or the newest.

        Raises:
            UsageError: There is none.
            DataError: It cannot be read.
        """
        from reportgen.delivery.archive.days import find_brief
        from reportgen.render.json import brief_from_json

        path = find_brief(self.store, day)
        return MorningBrief(brief=brief_from_json(self.store.read(path) or b"", self.store.path(path)))

    def query(self, sql: str) -> pd.DataFrame:
        """Answer one SELECT over the rows of every brief, as `reportgen archive query` does.

        Raises:
            UsageError: Not one SELECT, or not SQL.
        """
        import pandas as pd

        from reportgen.delivery.archive.query import run_query

        answer = run_query(self.store, sql)
        return pd.DataFrame.from_records(list(answer.rows), columns=list(answer.columns))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceMap:
    """Estimated liquidation mass by price at one moment: relative intensity, not dollars.

    Attributes:
        as_of: The close that the map speaks of, UTC. price: the last close, quote currency.
        price_edges: Shape (bins + 1,), ascending.
        long, short: Shape (bins,), each side's share of its own mass; longs are liquidated below the price.
        notes: What was left out of the input, and why.
    """

    as_of: datetime
    price: float
    price_edges: Floats
    long: Floats
    short: Floats
    notes: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Give a row a bin: price_low, price_high, long, short."""
        import pandas as pd

        edges = self.price_edges
        return pd.DataFrame({"price_low": edges[:-1], "price_high": edges[1:], "long": self.long, "short": self.short})


def make_brief(
    source: str | Path | None = None,
    symbols: Sequence[str] | None = None,
    *,
    as_of: str | datetime | None = None,
    timeframe: str | None = None,
    horizon_hours: float | None = None,
    config: str | Path | None = None,
) -> MorningBrief:
    """Make a brief of a market folder, writing nothing; "sample" is the simulated market.

    Args:
        source: A market folder; the configuration's when not given.
        symbols: As BTC or BTC/USDT:USDT; the watchlist when not given.
        as_of: The moment to speak of, with its zone; the last close when not given.
        timeframe: The trading timeframe, as "4h".
        horizon_hours: How far to look ahead.
        config: A config.yaml; ./config.yaml when not given and there is one.

    Raises:
        UsageError: An argument makes no sense.
        ConfigError: The configuration holds problems.
        DataError: The folder is unusable, or no symbol has usable candles.
    """
    from reportgen.config.settings import SAMPLE
    from reportgen.morning.making import gather, refuse_empty, walk
    from reportgen.morning.request import Options, take_request

    sample = source is not None and str(source) == SAMPLE
    request = take_request(
        Options(
            config=None if config is None else Path(config),
            source=None if source is None or sample else str(source),
            sample=sample,
            symbols=symbols,
            as_of=as_of.isoformat() if isinstance(as_of, datetime) else as_of,
            timeframe=timeframe,
            horizon_hours=horizon_hours,
        )
    )
    gathered = gather(request)
    odd: list[str] = []
    made = walk(request, gathered, odd.append)
    refuse_empty(made, gathered)
    return MorningBrief(brief=replace(made, notes=(*made.notes, *odd)))


def read_brief(path: str | Path) -> MorningBrief:
    """Read a brief.json, of this version or an older one.

    Raises:
        DataError: It cannot be read.
    """
    from reportgen.render.json import brief_from_json

    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror or error}. Name a brief.json that `reportgen brief` wrote."
        ) from error
    return MorningBrief(brief=brief_from_json(content, str(path)))


def open_archive(place: str | Path) -> Archive:
    """Open the folder or URL where briefs are kept.

    Raises:
        UsageError: There is no such folder, or no such kind of URL is known.
        EnvironmentProblem: What reads such URLs is not installed.
    """
    from reportgen.config.places import place_of
    from reportgen.delivery.archive.store import open_store

    found = place_of(str(place))
    if isinstance(found, Path) and not found.is_dir():
        raise UsageError(f"{found} holds no brief. Make one with `reportgen brief`.")
    return Archive(store=open_store(found))


def liquidation_map(
    candles: pd.DataFrame | str | Path,
    open_interest: pd.DataFrame | None = None,
    *,
    symbol: str = "BTC",
    as_of: str | datetime | None = None,
) -> PriceMap:
    """Estimate where leveraged positions would be forced out, with the default engine.

    Args:
        candles: A frame with the columns of the candles table (docs/data-formats.md), of which venue, symbol and
            interval may be absent, and open_time_ms where the index holds the opening times; or a market folder.
        open_interest: A frame with the columns of that table, likewise; its mark prices refine the path.
        symbol: The market; of a frame, how messages call it.
        as_of: The moment to speak of; the last close when not given.

    Raises:
        DataError: The input is unusable; every problem found, a line each.
        UsageError: An argument makes no sense.
    """
    import numpy as np

    from reportgen.config.assumptions import DEFAULTS
    from reportgen.liquidation.map import export_maps
    from reportgen.market.folder.read import read_market
    from reportgen.market.symbols import unified_symbol
    from reportgen.moments import parse_moment
    from reportgen.units import Missing

    name = unified_symbol(symbol)
    text = as_of.isoformat() if isinstance(as_of, datetime) else as_of
    as_of_ms = None if text is None else parse_moment(text)
    with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        if isinstance(candles, str | Path):
            if open_interest is not None:
                raise UsageError("A market folder brings its own open interest. Leave the frame out.")
            folder = Path(candles)
        else:
            folder = Path(scratch)
            _keep_frame(candles, folder, "candles", "open_time_ms", name)
            if open_interest is not None:
                _keep_frame(open_interest, folder, "open_interest", "time_ms", name)
        gathered = read_market(folder, (name,), as_of_ms=as_of_ms, assumptions=DEFAULTS)
    market = gathered.markets[name]
    if isinstance(market.candles, Missing):
        raise DataError(f"{name} cannot be mapped. {market.candles.reason}")
    bars = next(iter(market.candles.values()))
    end_ms = int(bars.close_time_ms[-1])
    made = export_maps(market, np.array([end_ms], dtype=np.int64), DEFAULTS)
    return PriceMap(
        as_of=datetime.fromtimestamp(end_ms / 1000, tz=UTC),
        price=float(bars.close[-1]),
        price_edges=made.price_edges,
        long=_shares(made.long[0]),
        short=_shares(made.short[0]),
        notes=(*gathered.notes, *market.doubts),
    )


def _shares(mass: Floats) -> Floats:
    """Divide a side's mass by its total; nothing stays nothing."""
    total = float(mass.sum())
    return mass / total if total > 0 else mass


def _keep_frame(frame: pd.DataFrame, folder: Path, table: str, time: str, symbol: str) -> None:
    """Write a frame as the table of a market folder, which is then judged like any other.

    Raises:
        DataError: It has no times, or too few bars to tell their length.
    """
    import numpy as np

    from reportgen.market.folder.append import write_table
    from reportgen.market.folder.tables import interval_text

    whole = frame if time in frame.columns else frame.reset_index(names=time)
    times = _milliseconds(whole[time], table)
    filled = {"venue": _FRAME_VENUE, "symbol": symbol}
    if table == "candles" and "interval" not in whole.columns:
        gaps = np.diff(np.unique(times))
        if not len(gaps):
            raise DataError("candles: two bars at least tell how long one is. Give more, or a column `interval`.")
        filled["interval"] = interval_text(int(gaps.min()))
    whole = whole.assign(**{time: times}, **{name: text for name, text in filled.items() if name not in whole.columns})
    write_table(folder / f"{table}.parquet", {str(name): whole[name].to_numpy() for name in whole.columns})


def _milliseconds(times: pd.Series[Any], table: str) -> Ints:
    """Give times as UTC epoch milliseconds; whole numbers are that already.

    Raises:
        DataError: They are neither, or carry no zone.
    """
    import numpy as np
    import pandas as pd

    if isinstance(times.dtype, pd.DatetimeTZDtype):
        plain = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return np.asarray(plain.astype("datetime64[ms]"), dtype=np.int64)
    if times.dtype.kind in "iu":
        return times.to_numpy(dtype=np.int64)
    if times.dtype.kind == "M":
        raise DataError(f"{table}: the times carry no zone. Give them one first: .tz_localize('UTC').")
    raise DataError(f"{table}: give the times as whole milliseconds or as times with a zone, in a column or the index.")
