"""What speechmill's acceptance is compared with: the usual route that hands a request to Celery by `apply_async`.

Served by uvicorn in a process of its own, on the same Redis. It validates the same fields, and then promises nothing: the job
exists as a Celery message and nowhere else.
"""

import os
import uuid
from typing import Literal

from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel, Field

celery = Celery("peer", broker=os.environ["PEER_REDIS_URL"])
celery.conf.update(task_ignore_result=True, broker_transport_options={"global_keyprefix": "peer:"})


@celery.task(name="peer.speak")
def speak(job_id: str, text: str, options: dict[str, object]) -> None:
    """Never run here: no worker listens."""


class Speech(BaseModel):
    input: str = Field(min_length=1, max_length=4096)
    model: str = ""
    voice: str = ""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0)


app = FastAPI()


@app.post("/jobs", status_code=202)
def create(body: Speech) -> dict[str, str]:
    """A plain `def`, which FastAPI runs on a thread, since `apply_async` blocks."""
    job_id = uuid.uuid4().hex
    speak.apply_async(args=(job_id, body.input, body.model_dump(exclude={"input"})))
    return {"id": job_id, "status": "queued"}
