"""For schemathesis, as Scripts/check_api.sh runs it: made-up names of jobs are hardly ever those of jobs
that are there, and a made-up text is no manifest. So some requests get the name of a job or token of
this server, and some the manifest that the description shows; all else stays made up.
"""
import json, os, random, time
import urllib.request

import schemathesis

URL = os.environ["LAYERFOLD_URL"]
TOKEN = os.environ.get("LAYERFOLD_TOKEN", "")
# Of a token itself (lf_ID_SECRET); revoked, it would end the trial.
OWN = TOKEN.split("_")[1] if TOKEN.count("_") == 2 else ""
chance = random.Random(1)
known = {"jobs": (0.0, []), "tokens": (0.0, [])}


def names(kind):
    """Of what is there now, or was a second ago."""
    seen, found = known[kind]
    if time.monotonic() - seen > 1:
        request = urllib.request.Request(f"{URL}/v1/{kind}")
        if TOKEN:
            request.add_header("Authorization", f"Bearer {TOKEN}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = [one["id"] for one in json.load(answer)[kind] if one["id"] != OWN]
        known[kind] = (time.monotonic(), found)
    return found


def example(case):
    """The body that the description shows for this operation, if any."""
    body = case.operation.definition.raw.get("requestBody", {})
    return body.get("content", {}).get("application/yaml", {}).get("example")


@schemathesis.hook
def before_call(context, case, kwargs):
    for place, kind in [("id", "jobs"), ("token", "tokens")]:
        if place in (case.path_parameters or {}) and chance.random() < 0.7 and (found := names(kind)):
            case.path_parameters[place] = chance.choice(found)
    manifest = example(case)
    if manifest and chance.random() < 0.3:
        case.body = manifest
        case.media_type = "application/yaml"
