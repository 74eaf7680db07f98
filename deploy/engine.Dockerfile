# The reference game engine. Built by scripts/engine-image.sh, which puts a
# static binary beside this file: one stage, no base image, no registry.
FROM scratch
ARG VERSION=0.1.0
LABEL galaxy.engine.contract="1" \
      galaxy.engine.version="${VERSION}" \
      org.opencontainers.image.title="galaxy-game" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
COPY engine /engine
USER 65532:65532
ENV ENGINE_LISTEN_ADDR=:8080 ENGINE_STATE_DIR=/var/lib/galaxy-game
EXPOSE 8080
# No HEALTHCHECK: the backend probes over HTTP, an exec per interval is dearer.
ENTRYPOINT ["/engine", "serve"]
