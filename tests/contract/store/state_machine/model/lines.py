"""Who is next in a queue, in the model: fair shares between tenants, and between the jobs of each."""

from dataclasses import dataclass, field

from speechmill.request import SEGMENT_CHARACTERS


@dataclass
class Jobs:
    """The jobs of one tenant: self-clocked fair queueing (Golestani, INFOCOM 1994). A newcomer enters as if a whole segment of
    it had been served, so jobs of one segment go in the order they came and a stream of them holds nobody back."""

    clock: float = 0.0
    tags: dict[str, float] = field(default_factory=dict)


@dataclass
class Line:
    """One queue: start-time fair queueing over tenants (Goyal, Vin and Cheng, SIGCOMM 1996), in characters over weight."""

    clock: float = 0.0
    tags: dict[str, float] = field(default_factory=dict)       # tenant with something queued -> start tag
    left_with: dict[str, float] = field(default_factory=dict)  # tenant with nothing queued -> the tag it left with
    jobs: dict[str, Jobs] = field(default_factory=dict)

    def enter(self, tenant: str, job: str) -> None:
        jobs = self.jobs.setdefault(tenant, Jobs())
        if job in jobs.tags:
            return
        jobs.tags[job] = jobs.clock + SEGMENT_CHARACTERS
        if tenant not in self.tags:
            self.tags[tenant] = max(self.left_with.pop(tenant, 0.0), self.clock)

    def leave(self, tenant: str, job: str) -> None:
        jobs = self.jobs.get(tenant, Jobs())
        jobs.tags.pop(job, None)
        if not jobs.tags and tenant in self.tags:
            del self.jobs[tenant]
            self.left_with[tenant] = self.tags.pop(tenant)

    def first(self) -> str | None:
        """The job to be served next."""
        if not self.tags:
            return None
        tenant = min(self.tags, key=lambda name: (self.tags[name], name))
        tags = self.jobs[tenant].tags
        return min(tags, key=lambda job: (tags[job], job))

    def serve(self, tenant: str, job: str, characters: int, weight: int) -> None:
        jobs = self.jobs[tenant]
        self.clock, jobs.clock = self.tags[tenant], jobs.tags[job]
        self.tags[tenant] += characters / weight
        jobs.tags[job] += characters
