"""The three verbs: back up, restore, move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from models.base import now
from models.migrate import knows
from server import __version__
from server.keeping import archive, stored
from server.keeping.archive import Manifest
from server.keeping.faults import KeepingFault
from server.keeping.rows import Batches, Content, Shape, Sum, to_lines
from server.keeping.sources import Source, content, source
from server.keeping.targets import Target, target

Tell = Callable[[str], None]


async def back_up(url: str, data_dir: Path, path: Path, *, tell: Tell) -> Manifest:
    """Write everything into a fresh archive while the server runs.

    The database first, files after it: a file is stored before the row that names it.
    """
    with archive.writing(path) as writer:
        async with source(url) as place:
            for shape in place.shapes:
                async with aclosing(place.rows(shape)) as rows:
                    entry = await writer.add_table(shape, rows)
                tell(f"{shape.name}: {entry.content.rows} rows")
        stored.keep(data_dir, writer)
        tell(f"{len(writer.files)} files")
        return writer.finish(version=__version__, made_at=now(), database=place.kind, revision=place.revision)


async def restore(url: str, data_dir: Path, path: Path, *, replace: bool, tell: Tell) -> Manifest:
    """Put an archive in the place of an empty database, or of a full one with `replace`: all or nothing.

    Everything is checked before anything is touched. Files are put back before the database: one that no row
    names harms nobody, a row without its file would.
    """
    with archive.reading(path) as reader:
        manifest = reader.manifest
        if not knows(manifest.revision):
            raise KeepingFault(
                f"The backup was made by a newer Multaqa ({manifest.version}). Restore it with that version."
            )
        reader.verify(tell)
        async with target(url, replace=replace) as place:
            await place.upgrade(manifest.revision)
            wanted = {table.shape.name: table for table in manifest.tables}
            for shape in await _agreed(place, [table.shape for table in manifest.tables]):
                async with aclosing(reader.rows(wanted[shape.name])) as rows:  # a load that fails stops midway
                    await place.load(shape, rows)
                tell(f"{shape.name}: {wanted[shape.name].content.rows} rows")
            await _verify(place, {name: table.content for name, table in wanted.items()})
            await place.upgrade()
            stored.put_back(data_dir, reader)
            await place.publish()
        tell(f"{len(manifest.files)} files")
        if replace and (others := stored.forget_others(data_dir, manifest.files)):
            tell(f"{others} files of before removed")
        return manifest


async def move(url: str, to: str, *, tell: Tell) -> dict[str, Content]:
    """Copy all tables to an empty database of another kind: all or nothing. The old one stays as it is.

    The caller makes sure that no server writes meanwhile.
    """
    moved: dict[str, Content] = {}
    async with source(url) as old, target(to, replace=False) as place:
        await place.upgrade(old.revision)
        for shape in await _agreed(place, old.shapes):
            moved[shape.name] = await _pass_on(old, place, shape)
            tell(f"{shape.name}: {moved[shape.name].rows} rows")
        await _verify(place, moved)
        tell("compared: all tables are equal")
        await place.upgrade()
        await place.publish()
    return moved


async def _pass_on(old: Source, place: Target, shape: Shape) -> Content:
    total = Sum()

    async def counted() -> Batches:
        async with aclosing(old.rows(shape)) as batches:
            async for rows in batches:
                total.add(to_lines(rows), len(rows))
                yield rows

    async with aclosing(counted()) as rows:
        await place.load(shape, rows)
    return total.content


async def _agreed(place: Target, wanted: Sequence[Shape]) -> Sequence[Shape]:
    """The target's tables, parents before children; they must be those of the source."""
    async with place.reading() as there:
        if set(there.shapes) != set(wanted):
            raise KeepingFault("The tables do not look as they should at this revision.")
        return there.shapes


async def _verify(place: Target, wanted: Mapping[str, Content]) -> None:
    """Read back what was loaded."""
    async with place.reading() as there:
        for shape in there.shapes:
            if await content(there, shape) != wanted[shape.name]:
                raise KeepingFault(f"The table {shape.name} came out different. Nothing was changed.")
