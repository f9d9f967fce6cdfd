"""The voice `remote`: a speech server that speaks OpenAI's contract (vllm-omni, sglang-omni, Kokoro-FastAPI, OpenAI, another
speechmill), behind our queue. Start at voice.py, then speech.py."""
