"""Follow every link that leaves the repository: `make links`; with --list only name them.

From the pages, the bibliography (URLs and DOIs), and the Markdown files at the top. Needs the network, which is why
`make test` leaves it out. A link fails if its server says that it is not there; one that refuses programs (403, 429)
is only named.
"""

import re
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "book").glob("*.md")), ROOT / "book" / "references.bib"]
ADDRESS = re.compile(r"https?://[^\s<>\"'`)\]}]+")
DOI = re.compile(r"^\s*doi\s*=\s*[{\"]([^}\"]+)", flags=re.M | re.I)
BUSY = {401, 403, 405, 429, 503}


def links():
    """Each address and the files that have it."""
    found = {}
    for path in SOURCES:
        text = path.read_text("utf8")
        addresses = [address.rstrip(".,;:") for address in ADDRESS.findall(text)]
        addresses += [f"https://doi.org/{doi}" for doi in DOI.findall(text)]
        for address in addresses:
            found.setdefault(address, set()).add(str(path.relative_to(ROOT)))
    return found


def answer(address):
    """What is wrong with an address: nothing, a number that may mean that programs are not welcome, or a text."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (link check)"})
    try:
        with urllib.request.urlopen(request, timeout=30):
            return None
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        return str(error)


def main(arguments):
    found = links()
    if "--list" in arguments:
        for address, files in sorted(found.items()):
            print(address, "in", ", ".join(sorted(files)))
        return 0
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(found, pool.map(answer, found), strict=True))
    broken = 0
    for address, problem in answers.items():
        if problem is not None:
            print(f"{problem}: {address} in {', '.join(sorted(found[address]))}")
            broken += problem not in BUSY
    print(f"{len(found)} links, {broken} broken")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
