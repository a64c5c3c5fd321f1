"""The commands that prepare a machine and a configuration: init, check, config schema, doctor."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, note, stands, tell, tell_json
from reportgen.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from reportgen.cli.doctor import Check


CONFIG: Final = "config.yaml"
SCHEMA: Final = "config.schema.json"
_CONTAINER: Final = ("Containerfile", "compose.yaml")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")] = Path(),
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over files that stand there.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="Make it a repository whose runner makes, publishes and posts the brief.")
    ] = False,
    container: Annotated[
        bool, typer.Option("--container", help="Add a Containerfile and compose.yaml with a daily schedule.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented config.yaml, and the schema that lets an editor help.

    With --github and --container what stands there is left; a fork of reportgen gets morning.yaml and MORNING.md.
    Examples: reportgen init ~/briefs · reportgen init --github ~/morning
    """
    paths, left = write_scaffold(folder, force=force, github=github, container=container)
    config, schema_file, *others = paths
    stands("The configuration", config)
    if as_json:
        more = {"others": [str(path) for path in others]} if others else {}
        more |= {"left": [str(path) for path in left]} if left else {}
        tell_json({"config": str(config), "schema": str(schema_file)} | more)
    else:
        for path in paths:
            if path not in left:
                tell(path)
    for path in left:
        note(f"{path} stands there already and is left as it is.")
    if config in left:
        note(f"{config} must say `source: live`, and `post:` with a channel whose address is {{env: POST_CHANNEL}}.")
    if github:
        note(f"Next: put {folder} on GitHub and follow {others[1]}: the settings, and the first brief.")
    if container:
        note(f"Next: do what {others[-1]} says at its top, then `docker compose up -d` in {folder}.")
    if not (github or container):
        note(f"Next: edit the watchlist, then run `reportgen brief --config {config}`; it asks the exchanges live.")


def write_scaffold(
    folder: Path, *, force: bool, github: bool = False, container: bool = False
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Write config.yaml and its schema into a folder, and what lets a runner or a container make the brief.

    Args:
        folder: Made if it is not there.
        force: Write over files that stand there.
        github: Write the configuration of a runner, its workflow and a README.
        container: Write a Containerfile and compose.yaml.

    Returns:
        The paths: the configuration, the schema, then the others; and those of them that stood there and were left.

    Raises:
        UsageError: `force` is off, and a configuration stands there already, or all of it; nothing is written.
        EnvironmentProblem: The installation lacks the scaffold.
        OSError: The folder cannot be written.
    """
    from reportgen.config.settings import json_schema
    from reportgen.delivery.archive.commit import replace_files

    config, readme, others = CONFIG, "README.md", set[str]()
    if (github or container) and (folder / "templates/scaffold/brief.yml").is_file():  # a fork has its own
        config, others = "morning.yaml", {CONFIG}
    if github and (folder / readme).is_file() and not (folder / readme).read_bytes().startswith(b"# Morning brief\n"):
        readme, others = "MORNING.md", others | {readme}
    if github or container:
        own = _scaffold("scaffold/config.yaml")
    else:
        own = _scaffold(CONFIG).replace("$schema=./docs/", "$schema=./", 1)
        own = own.replace("\nsource: sample ", "\nsource: live   ", 1)
    contents = {config: own, SCHEMA: json_schema()}
    if github:
        minute = str(1 + secrets.randbelow(58))  # at the full hour everybody begins
        workflow = _scaffold("scaffold/brief.yml").replace("{minute}", minute, 1)
        contents[".github/workflows/brief.yml"] = workflow.replace("{config}", config)
        contents[readme] = _scaffold("scaffold/README.md").replace("{config}", config)
    if container:
        contents |= {name: _scaffold(f"scaffold/{name}").replace("config.yaml", config) for name in _CONTAINER}
    left = [] if force else [name for name in contents if (folder / name).exists()]
    if left and (len(left) == len(contents) or not (github or container)):
        raise UsageError(f"{folder / left[0]} exists already and is kept as it is. Add --force to write over it.")
    replace_files({folder / name: text.encode() for name, text in contents.items() if name not in left})
    return tuple(folder / name for name in contents), tuple(folder / name for name in [*left, *sorted(others)])


def _scaffold(name: str) -> str:
    package = files("reportgen")
    top = Path(str(package)).parent
    for place in (package / "templates" / name, top / "templates" / name, top / name):  # a wheel's, a checkout's
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise EnvironmentProblem(f"The installation lacks templates/{name}. Install reportgen again.")


def check(
    *,
    config: ConfigFile = None,
    source: Annotated[
        Path | None,
        typer.Option("--source", metavar="DIR", help="Judge a market folder instead of the configuration."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every problem of the configuration at once, each with line, key, reason and suggestion.

    Exit code 2 when there is one. With --source, say what a brief would use of a market folder, leave out or refuse;
    exit code 1 when it could make none. Examples: reportgen check --config briefs/config.yaml · reportgen check
    --source data/market
    """
    from reportgen.cli.doctor import looks_of
    from reportgen.config.load import read_config

    if source is not None:
        if config is not None:
            raise UsageError("--source judges a market folder, --config a configuration: give one of them.")
        _check_folder(source, as_json=as_json)
        return

    path = config or Path("config.yaml")
    settings, problems = read_config(path, looks_of(path))
    if as_json:
        tell_json({"config": str(path), "ok": not problems, "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            note(str(problem))
    if problems or settings is None:
        raise typer.Exit(2)
    if not as_json:
        count = len(settings.watchlist)
        tell(f"{path}: {count} market{'s' * (count > 1)} on the watchlist, no problems")


def _check_folder(folder: Path, *, as_json: bool) -> None:
    """Say what a brief would use of a market folder, leave out or refuse."""
    from reportgen.market.folder.survey import survey_folder

    found = survey_folder(folder)
    if as_json:
        tell_json(
            {
                "source": str(folder),
                "ok": found.usable,
                "tables": [asdict(table) for table in found.tables],
                "refused": [{"symbol": symbol, **asdict(gap)} for symbol, gap in found.refused],
                "doubts": [{"symbol": symbol, "doubt": clause} for symbol, clause in found.doubts],
                "notes": list(found.notes),
                "symbols": list(found.symbols),
            }
        )
    else:
        for table in found.tables:
            for problem in table.problem.splitlines():
                tell(f"refused   {problem}")
            if not table.problem:
                rows = f"{table.rows} row{'s' * (table.rows != 1)}"
                tell(f"used      {table.file}: {table.used} of {rows}")
            for line in table.notes:
                tell(f"left out  {line}")
        for symbol, gap in found.refused:
            tell(f"refused   {symbol}, {gap.venue}, {gap.what}: {gap.reason}")
        for line in found.notes:
            tell(f"note      {line}")
        tell(f"{folder}: {', '.join(found.symbols) or 'no symbol'} can be used for a brief")
    if not found.usable:
        raise typer.Exit(1)


def schema() -> None:
    """Print the JSON Schema of config.yaml.

    Example: reportgen config schema > config.schema.json
    """
    from reportgen.config.settings import json_schema

    typer.echo(json_schema(), nl=False)


def doctor(
    *,
    config: ConfigFile = None,
    output: Output = None,
    online: Annotated[bool, typer.Option("--online", help="Ask each venue one cheap question, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what this machine lacks for a brief, and the fix.

    Exit code 1 when something is wrong. Example: reportgen doctor --output /srv/briefs
    """
    from reportgen.cli.doctor import examine
    from reportgen.morning.request import output_place

    checks = tuple(examine(config, output_place(config, output)))
    checks += _ask_venues(config) if online else ()
    healthy = all(found.state != "wrong" for found in checks)
    if as_json:
        tell_json({"ok": healthy, "checks": [asdict(found) for found in checks]})
    else:
        for found in checks:
            tell(f"{found.state:<6} {found.name:<24} {found.finding}")
            if found.fix:
                tell(f"{'':<6} {'':<24} {found.fix}.")
    if not healthy:
        raise typer.Exit(1)


def _ask_venues(config: Path | None) -> tuple[Check, ...]:
    """Ask the configured venues, or all, and compare what they say; what they do is no fault of the machine."""
    from reportgen.cli.doctor import Check
    from reportgen.config.load import DEFAULT_PATH, read_config
    from reportgen.market.exchanges.compare import compare_venues
    from reportgen.market.exchanges.gather import ping
    from reportgen.market.exchanges.venues import VENUES
    from reportgen.morning.live import now_ms

    settings, _ = read_config(config or DEFAULT_PATH)
    urls = settings.venue_urls if settings else {}
    asked = urls or VENUES
    answered = tuple(
        Check(
            name=f"venue {one.display}",
            state="ok" if one.answered else "note",
            finding=one.said.rstrip("."),
            fix="" if one.answered else "A brief does without it and says so; send its requests elsewhere with `url`",
        )
        for one in ping(asked, urls, clock=now_ms)
    )
    compared = tuple(
        Check(name=one.name, state="ok" if one.verdict == "right" else "note", finding=f"{one.verdict}: {one.finding}")
        for one in compare_venues(asked, urls, clock=now_ms)
    )
    return answered + compared
