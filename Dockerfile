# One image for the worker, the edge and the CLI; the first argument says which (bin/container-entry.sh).
# test/cluster/images/project-image.ts puts the same content together without a container engine: change both.
FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node bin/build.mjs worker edge-node edge-socket cli

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="handover" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /source/dist/worker.mjs /source/dist/edge-node.mjs /source/dist/edge-socket.mjs /source/dist/cli.mjs dist/
COPY --from=build /source/package.json ./
COPY --chmod=0755 bin/container-entry.sh /usr/local/bin/handover
# A number, because Kubernetes' runAsNonRoot cannot judge a name.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/handover"]
