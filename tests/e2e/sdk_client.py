"""What an integrator writes: plain OpenAI SDK code, run by the Python of an environment that holds one version of it.

`python sdk_client.py BASE_URL FOLDER` speaks in all formats, by streaming too, and provokes an error; prints JSON.
"""

import json
import sys
from pathlib import Path

import openai

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")


def main(base_url: str, folder: Path) -> None:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key="not needed", max_retries=0)
    said: dict[str, object] = {"version": openai.__version__}
    for kind in FORMATS:
        answer = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello from the SDK.", response_format=kind)
        answer.write_to_file(folder / f"speech.{kind}")
    with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="nova", input="Streamed to a file.", instructions="Calmly.", speed=1.25) as streamed:
        streamed.stream_to_file(folder / "streamed.mp3")
        said["job"] = streamed.headers["x-speech-job-id"]
    client.audio.speech.create(model="tts-1", voice="alloy", input="With our own fields.", extra_body={
        "language": "de", "seed": 7, "metadata": {"order": "1"}, "priority": "batch"})
    said["models"] = [model.id for model in client.models.list()]
    try:
        client.audio.speech.create(model="tts-1", voice="nobody", input="Hello.")
    except openai.BadRequestError as error:
        said["error"] = {"code": error.code, "param": error.param, "type": error.type, "message": str(error),
                         "request_id": error.request_id}
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
