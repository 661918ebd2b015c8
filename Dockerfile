# One image for every process of the desk: web, stream, worker, beat, clock, migrate.
FROM python:3.11-slim-trixie AS packages
COPY requirements/base.txt /tmp/
RUN python -m venv /opt/desk \
    && /opt/desk/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/base.txt \
    && find /opt/desk -name __pycache__ -prune -exec rm -r {} +

FROM python:3.11-slim-trixie
# The database's client for `manage.py backup`: of the same version as the server in docker-compose.yml.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /nonexistent desk && install -d -o desk -g desk /var/lib/desk /backup
ENV PATH=/opt/desk/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/var/lib/desk STATIC_ROOT=/app/collected LOG_FORMAT=json
WORKDIR /app
COPY --from=packages /opt/desk /opt/desk
COPY . .
RUN SECRET_KEY=only-to-build python manage.py compile_languages \
    && SECRET_KEY=only-to-build python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q -o 0 /app /opt/desk/lib
USER desk
VOLUME /var/lib/desk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
