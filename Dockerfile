# The scheduler in a container: jobs in /jobs, state in /state, secrets in /run/secrets. SIGTERM drains.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
COPY bin bin
COPY src src
RUN npm ci --no-audit --no-fund && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production POSTRIDER_JOBS=/jobs POSTRIDER_STATE=/state
COPY --from=build /app/package.json /app/oclif.manifest.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin/postrider.js bin/load.js bin/
COPY jobs jobs
RUN mkdir -p /jobs /state && chown node:node /jobs /state
USER node
VOLUME /state
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/bin/postrider.js"]
CMD ["schedule"]
