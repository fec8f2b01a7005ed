# syntax=docker/dockerfile:1
# Baton in an image that has nothing else in it: no shell, no package manager, no user but its own.
# Run it with a read-only root; what it writes goes to /data.

FROM rust:1.95-slim-bookworm AS build
# SQLite is built in, by a C compiler.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc=4:12.* libc6-dev=2.36-* \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package baton \
    && cp target/release/baton /baton \
    && install --directory --mode=0700 /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /baton /usr/local/bin/baton
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV BATON_DATA=/data \
    BATON_LISTEN=0.0.0.0:3000
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/local/bin/baton", "ready"]
ENTRYPOINT ["/usr/local/bin/baton"]
CMD ["serve"]
