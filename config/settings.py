"""One settings module, read from the environment (12-factor), loud in production."""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from config import logs
from config.periodic import beat_schedule

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
environ.Env.read_env(VAR_DIR / "env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is missing: `make run` writes one to var/env, a server sets it itself.")
# This machine itself always: the container's own check and the metrics ask under that name.
ALLOWED_HOSTS = list({*env.list("ALLOWED_HOSTS", default=[]), "127.0.0.1", "localhost"})
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # yesterday's, until what they signed has ended
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000")

# Imports point down only: an app may import those below it in this list's reverse. See docs/architecture.md.
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "people.administration.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_filters",
    "guardian",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_prometheus",
    "desk",
    "people",
    "records",
    "notifications",
    "access",
    "sla",
    "catalog",
    "orders",
    "production",
    "procurement",
    "quality",
    "logistics",
    "finance",
    "kpi",
    "coordination",
    "config",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "desk.middleware.ClientAddressMiddleware",
    "desk.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "desk.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.PreferencesMiddleware",
    "people.middleware.SignInRequiredMiddleware",
    "access.middleware.AccessMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # its apps do not start without it; none of its pages is routed
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "desk.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
            "builtins": ["desk.templatetags.desk", "django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'desk.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Without recursive triggers a REPLACE would slip past the guards.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Who asks is told within seconds that the database is away, instead of holding a thread for minutes.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    # Compiling a page's query takes two hundred times as long as answering it. And a process that lives but does
    # nothing in the middle of a transaction loses its locks, so that another one does its work.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options", "-c jit=off -c idle_in_transaction_session_timeout=60s"
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Guards: triggers that stand outside migrations (desk.guards says why), low apps first.
DATABASE_GUARDS = [
    "people.guards",
    "records.guards",
    "access.guards",
    "sla.guards",
    "catalog.guards",
    "orders.guards",
    "orders.search_index",
    "production.guards",
    "quality.guards",
    "logistics.guards",
    "procurement.guards",
    "finance.guards",
    "kpi.guards",
    "coordination.guards",
    "coordination.room_index",
]

# The first page of an order, which an upper app draws.
ORDER_PAGE = "coordination.views.room.room"

# The pages that departments have for a kind of work, by names of addresses: `pane` shows what is decided (takes
# the item's key), `withdraw` takes back what was sent (the item's key too), `bulk` decides several together, `back`
# returns, `undo` withdraws a decision of the last seconds (they take the order's key).
WORK = {
    "confirmation": {"pane": "orders:pane_confirmation", "back": "orders:send_back", "undo": "orders:withdraw"},
    "review_process": {"pane": "production:pane_assessment"},
    "review_capacity": {"pane": "production:pane_assessment"},
    "review_materials": {"pane": "production:pane_assessment"},
    "review_decision": {"pane": "production:pane_review", "back": "orders:send_back", "undo": "orders:withdraw"},
    "negotiation": {"pane": "orders:pane_negotiation", "withdraw": "orders:take_back_options"},
    "procurement": {"back": "orders:send_back", "undo": "orders:withdraw"},
    "production": {"back": "orders:send_back", "undo": "orders:withdraw"},
    "nonconformance": {"pane": "quality:pane_nonconformance"},
    "delivery": {"back": "orders:send_back", "undo": "orders:withdraw"},
    "delivery_confirmation": {"pane": "logistics:pane_confirmation"},
    "settlement": {"back": "orders:send_back"},
    "expense": {"pane": "finance:pane_expense", "bulk": "finance:expenses_approve",
                "withdraw": "finance:expense_withdraw"},
    "consent": {"withdraw": "orders:consent_withdraw"},
    "decline_proposal": {"withdraw": "orders:proposal_withdraw"},
    "problem": {"pane": "orders:pane_problem"},
    "major_problem": {"pane": "orders:pane_major_problem"},
    "issue_action": {"pane": "orders:pane_issue_action"},
    "meeting_action": {"pane": "coordination:pane_action"},
    "meeting_minutes": {"pane": "coordination:pane_minutes"},
    "sheet_receipt": {"pane": "orders:pane_sheet", "bulk": "orders:sheets_receive"},
    "supplier": {"pane": "procurement:pane_supplier"},
    "countersign": {"withdraw": "sla:ask_no_more"},
    "limit_change": {"pane": "sla:pane_limit_change", "withdraw": "sla:limit_change_withdraw"},
    "score_check": {"pane": "kpi:pane_check"},
    "score_appeal": {"pane": "kpi:pane_appeal"},
    "score_publish": {"pane": "kpi:pane_publish"},
    "penalty_reply": {"pane": "kpi:pane_reply"},
    "incentive": {"pane": "kpi:pane_incentive"},
}

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "people.backends.PersonBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "access.passwords.MaximumLengthValidator"},
    {"NAME": "access.passwords.DeskWordsValidator"},
]
ANONYMOUS_USER_NAME = None
LOGIN_URL = "access:sign_in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "access:sign_in"
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "access.views.door.locked_out"
AXES_ENABLE_ADMIN = False  # the page of a person lets them in again

# Who comes in (docs/security.md says why these numbers).
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=True)
REQUIRE_SECOND_FACTOR_OF_ALL = env.bool("REQUIRE_SECOND_FACTOR_OF_ALL", default=False)
MFA_ADAPTER = "access.second_factor.Adapter"
MFA_TOTP_ISSUER = "Urgent Order Desk"
MFA_TOTP_TOLERANCE = 1
CONFIRM_MINUTES = 10
ISSUED_PASSWORD_HOURS = 72
PASSWORD_LINK_HOURS = 24
THROTTLES = {  # scope: how often, in how many seconds
    "sign_in_address": (60, 900),
    "sign_in_name": (30, 900),
    "code": (5, 900),
    "confirm": (5, 900),
    "password": (5, 900),
    "link": (60, 900),
    "badge": (600, 900),  # of one address: a factory hall at the change of shifts
    "pin": (5, 900),
    "upload": (300, 3600),
    "export": (60, 3600),
}
SESSION_ENGINE = "access.sessions"
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=120)
SESSION_HOURS = env.int("SESSION_HOURS", default=12)
BADGE_IDLE_MINUTES = 5  # a phone that several people share
BADGE_DAYS = 365
BADGE_HOME = "production:floor"
# All that a session opened by a badge may do: the acts at a machine.
BADGE_PAGES = {
    "production:floor", "production:scan", "production:start", "production:pause", "production:report",
    "production:finish", "production:problem", "production:remind", "production:connection", "production:worker",
}
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
HTTPS = env.bool("HTTPS", default=False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)  # the one door says in X-Real-IP who asks
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
WEAK_KEYS = ("secret", "django-insecure", "only-for", "only-to", "changeme", "change-me", "example")
if HTTPS and any(len(key) < 32 or len(set(key)) < 8 or key.lower().startswith(WEAK_KEYS)
                 for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)):  # fmt: skip
    raise ImproperlyConfigured(
        "SECRET_KEY (or one of SECRET_KEY_FALLBACKS) can be guessed: set a random one, python3 -c "
        "'import secrets; print(secrets.token_hex(32))'."
    )
if HTTPS:  # a proxy ends it and says so; without the proxy's header every page would be redirected for ever
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|livez|readyz|metrics)$"]
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"  # no other host or path can set these
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=30 * 24 * 3600)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("COMPANY_TIME_ZONE", default="Asia/Shanghai")
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = "STATIC_ROOT" not in env  # an image has them collected
FILE_SIZE_LIMIT = env.int("FILE_SIZE_LIMIT", default=20 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FILES = 20
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_SIZE_LIMIT + 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Mail: an SMTP server where one is named, else a readable file each under var/mail.
EMAIL_CONFIG = env.email("EMAIL_URL", default="filemail:///")
vars().update(EMAIL_CONFIG)
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env("FROM_EMAIL", default="desk@localhost")

# Celery: the database is the timer, so a lost or doubled message harms nothing.
CELERY_BROKER_URL = env("BROKER_URL", default="filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT = "config.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker-control"),
        "polling_interval": 0.2,
    }
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = beat_schedule()
# In memory: the file of the usual one may be closed under its feet when it is told to end.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"

# So many orders may become late at once by one administrator's change of a time limit; more, and two decide it.
LATE_AT_ONCE_ALONE = env.int("LATE_AT_ONCE_ALONE", default=3)

# The company's own rules (order.md, "Defaults an administrator can change" are rows in the database).
ORDER_SYSTEM_URL = env("ORDER_SYSTEM_URL", default="")  # where confirmed orders are posted as JSON
ORDER_SYSTEM_TOKEN = env("ORDER_SYSTEM_TOKEN", default="")
HEARTBEAT_URL = env("HEARTBEAT_URL", default="")  # asked once a minute while the clock is wound
if HEARTBEAT_URL and not HEARTBEAT_URL.startswith("https://"):
    raise ImproperlyConfigured("HEARTBEAT_URL is the address of a watch outside: https://…")
if ORDER_SYSTEM_URL and not ORDER_SYSTEM_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("ORDER_SYSTEM_URL is the address of the company's order system: https://…")

UNFOLD = {
    "SITE_TITLE": _("Urgent Order Desk"),
    "SITE_HEADER": _("Urgent Order Desk"),
    "SITE_SYMBOL": "bolt",
    "ENVIRONMENT": "config.navigation.environment",
    "COLORS": {
        "primary": {
            "50": "#eef1fd", "100": "#dfe4fb", "200": "#c3ccf7", "300": "#9fadf1", "400": "#7d94ff", "500": "#5570e6",
            "600": "#3451d8", "700": "#2a42b3", "800": "#24388f", "900": "#1f2f73", "950": "#131c45",
        },
    },
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("desk/favicon.svg")},
    ],
}

LOG_FORMAT = env("LOG_FORMAT", default="plain")
LOGGING = logs.logging_config(LOG_FORMAT, level=env("LOG_LEVEL", default="INFO"))

# Figures: with a token for who asks from elsewhere, without one for this machine only (config/metrics.py).
METRICS_TOKEN = env("METRICS_TOKEN", default="")
PROMETHEUS_EXPORT_MIGRATIONS = False
# Where pages hear at once that something new waits; "" and they only ask every half minute (docs/adr/0009).
STREAM_URL = env("STREAM_URL", default="")
STREAM_CONNECTIONS = env.int("STREAM_CONNECTIONS", default=1000)
# Whether subdomains are all HTTPS, and a browser's preload list, are the company's own decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if not HTTPS:
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]
