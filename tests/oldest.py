"""Print the oldest versions that pyproject.toml promises, as pip wants them: numpy==2.0 ..."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf8"))["project"]
promised = [*project["dependencies"], *project["optional-dependencies"]["figures"]]
print(*(re.sub(r"\s*>=\s*", "==", requirement) for requirement in promised if ">=" in requirement))
