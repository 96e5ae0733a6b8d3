export const traceFormats = ['tree', 'otlp', 'mermaid', 'perfetto'] as const
export type TraceFormat = (typeof traceFormats)[number]
