# The orchestrator, its workers and the cdc command, on Debian 12.  docker build -t cdc-orchestrator .
#
# Behind a company proxy or mirror: http_proxy and its like are build arguments of Docker's own; pip's are those below. apt
# uses what the base image is configured for (--build-arg BASE_IMAGE=…).
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
WORKDIR /src
# The list of packages is scripts/setup.sh's alone. This layer lasts until one of the two files changes.
COPY scripts/setup.sh scripts/requirements.lock scripts/
RUN apt-get update -q && apt-get install -y -q --no-install-recommends ca-certificates && scripts/setup.sh
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY lib lib
COPY jobs jobs
COPY orchestrator orchestrator
COPY cli cli
RUN cmake --preset release -DCDC_TESTS=OFF && cmake --build --preset release
COPY docker/collect.sh docker/collect.sh
RUN docker/collect.sh build/release/bin /out

FROM ${BASE_IMAGE}
COPY --from=build /out/packages /tmp/packages
RUN apt-get update -q \
 && xargs -r apt-get install -y -q --no-install-recommends ca-certificates < /tmp/packages \
 && rm -rf /tmp/packages /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 cdc \
 && useradd --uid 10001 --gid cdc --home-dir /var/lib/cdc --no-create-home --shell /usr/sbin/nologin cdc \
 && install -d -o cdc -g cdc /var/lib/cdc && install -d /etc/cdc
COPY --from=build /out/lib /usr/local/lib/cdc
COPY --from=build /out/bin /opt/cdc/bin
COPY docker/healthcheck.sh /opt/cdc/healthcheck.sh
RUN echo /usr/local/lib/cdc > /etc/ld.so.conf.d/cdc.conf && ldconfig
ENV PATH=/opt/cdc/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER cdc
# tables.toml is mounted here, by its folder: an editor that renames a new file into place would leave a mounted file behind.
WORKDIR /etc/cdc
# state_dir, and whatever else must outlive the container.
VOLUME /var/lib/cdc
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["/opt/cdc/healthcheck.sh"]
STOPSIGNAL SIGTERM
CMD ["cdc-orchestrator", "--config", "/etc/cdc/tables.toml"]
