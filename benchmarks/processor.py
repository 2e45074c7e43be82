"""What machine something was measured on."""

import os
import platform
from pathlib import Path
from typing import Any


def processor() -> dict[str, Any]:
    """The model of the processor, and how many cores there are."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return {"cpu": model, "cores": os.cpu_count()}
