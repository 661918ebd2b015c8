FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/var/lib/desk
RUN useradd --system --create-home desk && install -d -o desk -g desk /var/lib/desk
WORKDIR /app
COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/base.txt
COPY . .
RUN SECRET_KEY=only-to-compile python manage.py compile_languages
USER desk
VOLUME /var/lib/desk
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4"]
