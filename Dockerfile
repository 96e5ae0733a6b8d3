# One image for every process of Refold: `docker run refold serve`, `… worker`, `… relay`, `… project`.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without install scripts: what they fetch is for tests, and this image brings Node.
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY page page
COPY scripts/build-code.ts scripts/build-page.ts scripts/
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --ignore-scripts --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE CONTRIBUTING.md ./
COPY docs docs
COPY schemas schemas
COPY deploy deploy
COPY examples/order-desk examples/order-desk
# Whatever an embedded Refold keeps lies below the working folder, which the user of the process may write to there alone.
RUN chmod +x dist/main.js && ln -s /app/dist/main.js /usr/local/bin/refold && mkdir .refold && chown node:node .refold
USER node
ENV REFOLD_HEALTH_PORT=9464 REFOLD_HEALTH_HOST=0.0.0.0
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.REFOLD_HEALTH_PORT + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["refold"]
CMD ["--help"]
