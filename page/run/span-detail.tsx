import { useState } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { copyAs } from '../parts/clipboard.ts'
import { download } from '../parts/download.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import type { TraceSpan } from '../server/contract.ts'
import { exportedTrace } from './trace-store.ts'
import type { SpanRow } from './spans.ts'

/** What one span says, and the whole trace for other tools. */
export const SpanDetail = ({ runId, row: { span, isOpen } }: { readonly runId: string; readonly row: SpanRow }) => (
  <section class="span-detail" aria-label="Span" tabIndex={0}>
    <header>
      <strong>{visibleText(span.name)}</strong>{' '}
      <span class="faint">
        {duration(span.endMs - span.startMs)}
        {isOpen && ' so far'}
      </span>
      <Exports runId={runId} />
    </header>
    <dl>
      {span.error !== undefined && <Line name="error" value={span.error} />}
      <Line name="trace id" value={span.traceId} />
      <Line name="span id" value={span.spanId} />
      {Object.entries(span.attributes).map(([name, value]) => (
        <Line key={name} name={name} value={value} />
      ))}
      {span.events.map((event, at) => (
        <Line key={at} name={`+${duration(event.atMs - span.startMs)}`} value={wordsOf(event)} />
      ))}
      {span.droppedEvents > 0 && <Line name="more" value={`${span.droppedEvents} events were not kept`} />}
    </dl>
  </section>
)

type Value = TraceSpan['attributes'][string]

const Line = ({ name, value }: { readonly name: string; readonly value: Value }) => (
  <div>
    <dt>{visibleText(name)}</dt>
    <dd class="mono">{visibleText(textOf(value))}</dd>
  </div>
)

const textOf = (value: Value): string => (typeof value === 'object' ? value.join(', ') : String(value))

const wordsOf = ({ name, attributes }: TraceSpan['events'][number]): string =>
  [name, ...Object.entries(attributes).map(([key, value]) => `${key} ${textOf(value)}`)].join(' · ')

const Exports = ({ runId }: { readonly runId: string }) => {
  const [error, setError] = useState<unknown>()
  const give = (format: 'otlp' | 'perfetto', take: (text: string) => void | Promise<void>): void => {
    setError(undefined)
    exportedTrace(runId, format).then(take).catch(setError)
  }
  return (
    <span class="exports">
      <button
        type="button"
        class="plain"
        onClick={() => {
          give('otlp', (text) => copyAs('the trace as OTLP', text))
        }}
      >
        Copy as OTLP
      </button>{' '}
      <button
        type="button"
        class="plain"
        onClick={() => {
          give('perfetto', (text) => {
            download('trace.perfetto.json', text)
          })
        }}
      >
        Perfetto file
      </button>
      {error !== undefined && <ProblemCard error={error} />}
    </span>
  )
}
