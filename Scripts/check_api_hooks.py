"""For schemathesis, as Scripts/check_api.sh runs it: made-up names of jobs are hardly ever those of jobs
that are there, and a made-up text is no manifest. So some requests get the name of a job or token of
this server, and some the manifest that the description shows; all else stays made up. Where few jobs
are there (what is tried removes them, too), some are submitted.
"""
import copy, json, os, random, time
import urllib.request

import schemathesis

URL = os.environ["LAYERFOLD_URL"]
TOKEN = os.environ.get("LAYERFOLD_TOKEN", "")
# Of a token itself (lf_ID_SECRET); revoked, it would end the trial.
OWN = TOKEN.split("_")[1] if TOKEN.count("_") == 2 else ""
JOBS_MIN = 8
chance = random.Random(1)
known = {}


def ask(path, body=None):
    request = urllib.request.Request(URL + path, body and json.dumps(body).encode())
    # JSON is YAML.
    request.add_header("Content-Type", "application/yaml")
    if TOKEN:
        request.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


SUBMIT = ask("/v1/openapi.json")["paths"]["/v1/jobs"]["post"]
MANIFEST = SUBMIT["requestBody"]["content"]["application/yaml"]["example"]


def names(kind):
    """Of what is there now, or was a second ago."""
    seen, found = known.get(kind, (0, []))
    if time.monotonic() - seen > 1:
        found = [one["id"] for one in ask(f"/v1/{kind}")[kind] if one["id"] != OWN]
        if kind == "jobs":
            found += [ask("/v1/jobs", MANIFEST)["id"] for _ in range(JOBS_MIN - len(found))]
        known[kind] = (time.monotonic(), found)
    return found


@schemathesis.hook
def before_call(context, case, kwargs):
    for place, kind in [("id", "jobs"), ("token", "tokens")]:
        if place in (case.path_parameters or {}) and chance.random() < 0.7 and (found := names(kind)):
            case.path_parameters[place] = chance.choice(found)
    body = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    if "application/yaml" in body and chance.random() < 0.3:
        case.body = copy.deepcopy(MANIFEST)
        case.media_type = "application/yaml"
