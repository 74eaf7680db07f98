# The backend. Built by `make backend-image`, which puts a static binary and the
# certificates of public authorities beside this file: one stage, no base image.
# It runs as the uid that the engines run as, with the state root mounted at the
# same path as on the host, so that it can read and copy what engines write.
FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="galaxy-backend" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY backend /backend
USER 65532:65532
EXPOSE 8080 8081 9100
STOPSIGNAL SIGTERM
ENTRYPOINT ["/backend"]
CMD ["serve"]
