"""`python -m worker.engine.doctor ASKED`: can this machine speak by a model, and fast? ASKED is a JSON object of Asked's fields,
and so is what it prints of findings: `speechmill doctor` asks it, which must not load torch itself."""

import json
import sys
from dataclasses import asdict

from worker.engine.doctor.finding import Asked
from worker.engine.doctor.findings import findings

if __name__ == "__main__":
    json.dump([asdict(finding) for finding in findings(Asked(**json.loads(sys.argv[1])))], sys.stdout)
