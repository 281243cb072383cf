"""How the OpenAPI document and its pages are made, for drf-spectacular."""

from typing import Any

from chatsite import api_texts

SETTINGS: dict[str, Any] = {
    "TITLE": "Cland Chat API",
    "DESCRIPTION": api_texts.DESCRIPTION,
    "TAGS": api_texts.TAGS,
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "displayRequestDuration": True,
        "docExpansion": "none",
        "defaultModelsExpandDepth": 0,
        "filter": True,
    },
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AnswerStatusEnum": "llm.models.answers.Answer.Status",
        "TurnKindEnum": "llm.models.turns.Turn.Kind",
        "SessionStatusEnum": "sessions_app.models.SessionStatus",
        "MessageKindEnum": "sessions_app.models.MessageKind",
        "SenderKindEnum": "sessions_app.models.SenderKind",
        "ArticleStatusEnum": "llm.knowledge.models.Article.Status",
        "QuestionStatusEnum": "llm.knowledge.models.Question.Status",
        "ReplayStatusEnum": "llm.gate.models.Replay.Status",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "chatsite.api.add_problem_responses",
        "chatsite.api_document.describe_parameters",
        "chatsite.api_document.put_usual_sign_in_last",
    ],
}


def describe_parameters(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Say what parameters mean that many lists share (a hook of the schema generator)."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                said = api_texts.PARAMETERS.get(parameter["name"])
                if said and parameter["in"] == "query":
                    parameter.setdefault("description", said)
    return result


def put_usual_sign_in_last(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Let Swagger's dialog open at the field most people need: it goes to the last one."""
    schemes = result["components"]["securitySchemes"]
    schemes["bearer"] = schemes.pop("bearer")
    return result
