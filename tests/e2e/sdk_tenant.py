"""What an integrator meets who has a key: plain OpenAI SDK code.

`python sdk_tenant.py BASE_URL SPEAKING READING SPENT` asks with three keys, and prints as JSON how the SDK understood
the answers. SPEAKING's tenant has used up its minute, of which one request flows back a second: the SDK's own retry is
what succeeds. READING may not speak. SPENT's tenant has no characters left today.
"""

import json
import sys

import openai


def refusal(client: openai.OpenAI) -> dict[str, object]:
    try:
        client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code, "type": error.type,
                "request_id": error.request_id, "retry_after": error.response.headers.get("retry-after")}
    return {}


def main(base_url: str, speaking: str, reading: str, spent: str) -> None:
    def client(key: str, retries: int = 0) -> openai.OpenAI:
        return openai.OpenAI(base_url=base_url + "/v1", api_key=key, max_retries=retries)

    said = {"wrong": refusal(client("sk-sm-wrong")), "reading": refusal(client(reading)), "spent": refusal(client(spent, 3)),
            "rate": refusal(client(speaking))}
    answer = client(speaking, 3).audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input="Hello again.")
    said["spoken"] = {"bytes": len(answer.content), "left": answer.headers["x-ratelimit-remaining-requests"],
                      "retries": answer.retries_taken}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
