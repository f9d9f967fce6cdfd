"""The models that can be asked for, in OpenAI's shape, and under the paths that Open WebUI knows."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from producer.desk import desk_of
from producer.openapi import MODEL, MODELS
from speechmill.catalogue import OPENAI_MODELS, Catalogue, ModelInfo
from speechmill.errors import NotFound

router = APIRouter()


@router.get("/v1/models", **MODELS)
@router.get("/v1/audio/models", include_in_schema=False)
@router.get("/audio/models", include_in_schema=False)
async def list_models(request: Request) -> Response:
    catalogue = await _catalogue(request)
    models = [_model(model) for model in catalogue.models]
    if models:
        models += [{**_model(catalogue.default), "id": alias, "alias_of": catalogue.default.id} for alias in OPENAI_MODELS]
    return JSONResponse({"object": "list", "data": models, "models": models})


@router.get("/v1/models/{model_id}", **MODEL)
async def get_model(request: Request, model_id: str) -> Response:
    catalogue = await _catalogue(request)
    for model in catalogue.models:
        if model.id == model_id:
            return JSONResponse(_model(model))
    if model_id in OPENAI_MODELS and catalogue.models:
        return JSONResponse({**_model(catalogue.default), "id": model_id, "alias_of": catalogue.default.id})
    raise NotFound(f"There is no model {model_id[:80]!r}.", param="model", code="model_not_found")


async def _catalogue(request: Request) -> Catalogue:
    return await desk_of(request).catalogue()


def _model(model: ModelInfo) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by, "name": model.id,
            "default_voice": model.default_voice, "languages": list(model.languages), "instructions": model.instructions,
            "cloning": model.reference != "none",
            "timestamps": ["sentence", "word"] if model.word_times else ["sentence"]}
