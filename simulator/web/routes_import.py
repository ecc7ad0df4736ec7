"""`POST /api/import`: take over a directory that a command has read. Needs the control key.

The command lays the directory into the data folder, which nobody else can write, and names the file here.
"""

from __future__ import annotations

import re

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.web.control_key import is_authorized
from entra_sim.simulator.web.control_key import unauthorized

blueprint = Blueprint("import", __name__)

_NAME = re.compile(r"import-[0-9a-f]{16}\.json")


@blueprint.post("/api/import")
def take_over() -> Response | tuple[Response, int]:
    """Import {"file": "import-....json", "removes_missing": false} from the data folder, saved before as a jump is."""
    if not is_authorized():
        return unauthorized()
    body = request.get_json(silent=True)
    simulator = request.environ["entra_sim.simulator"]
    try:
        if not isinstance(body, dict) or not _NAME.fullmatch(str(body.get("file"))):
            raise UserInputError('Send {"file": "import-<16 hex digits>.json", "removes_missing": true or false}.')
        folder = simulator.core.database.folder
        if folder is None:
            raise StateConflict("This instance has no data folder.")
        simulator.before_jump("before an import")
        summary = simulator.directory.take_over(
            folder / str(body["file"]), removes_missing=body.get("removes_missing") is True
        )
        return jsonify({"ignored_assignments": summary.ignored_assignments})
    except SimulatorError as error:
        return jsonify({"error": str(error)}), error.http_status
