"""Run the pages again when lifcore or the data that they read have changed.

The execution cache knows the code in the pages but not the package they import: without this,
a page would go on showing what an older lifcore computed.
"""

from hashlib import sha256
from pathlib import Path
from shutil import rmtree


def fingerprint(root):
    """Hash of every file of lifcore, of the data in folders of the book, and of the versions it runs with."""
    files = [path for path in root.glob("lifcore/**/*") if path.is_file() and path.suffix != ".pyc"]
    files += [path for path in root.glob("book/[!_]*/*") if path.is_file()]
    digest = sha256()
    for path in [*sorted(files), root / "requirements.lock"]:
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def setup(app):
    cache = Path(app.outdir).parent / ".jupyter_cache"
    stamp = cache / "lifcore.sha256"
    now = fingerprint(Path(app.srcdir))
    changed = not stamp.exists() or stamp.read_text() != now
    if changed:
        rmtree(cache, ignore_errors=True)

    def outdated(app, env, added, changed_pages, removed):
        return env.found_docs if changed else []

    def remember(app, exception):
        if exception is None:
            cache.mkdir(exist_ok=True)
            stamp.write_text(now)

    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", remember)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
