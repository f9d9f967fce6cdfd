"""What the job store's verbs are to do, in plain Python: the specification that the Redis scripts are held to.

Each verb changes the model as the script must change Redis, and returns what the script must answer. Where the scripts leave
something open (which of several units that came back goes first), the model is told what happened and says whether it may.
Read mill.py first, what is remembered; then moves.py and books.py, the moves that the verbs are made of.
"""

from tests.contract.store.state_machine.model.client_verbs import ClientVerbs
from tests.contract.store.state_machine.model.time_verbs import TimeVerbs
from tests.contract.store.state_machine.model.worker_verbs import WorkerVerbs


class Model(ClientVerbs, WorkerVerbs, TimeVerbs):
    """The job store."""
