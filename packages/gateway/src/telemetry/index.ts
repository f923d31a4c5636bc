export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { type CallOutcome, createMetrics, type Metrics, type UpstreamMetrics } from './metrics.ts'
export { createOpsServer, type OpsOptions, type Readiness } from './ops-server.ts'
