"""What results say, so that those of two runs can be held against each other."""
import hashlib
import json


def digests(folder):
    """All that a result says, but for times, memory, and what came from the cache."""
    found = {}
    for file in sorted(folder.rglob("*")):
        relative = str(file.relative_to(folder))
        if file.is_file() and "/" in relative and not relative.endswith("README.md"):
            found[relative] = hashlib.sha256(file.read_bytes()).hexdigest()
    report = json.loads((folder / "report.json").read_text())
    for result in report["results"]:
        result["seconds"] = None
    figures = [report["similarity"], report["results"], report["model"]]
    found["report"] = hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()
    return found
