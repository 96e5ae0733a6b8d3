import { shownContent } from '../../src/events/content.ts'
import { shownAnswer } from '../../src/events/message.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { JsonTree } from '../json/json-tree.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { runHref } from '../runs/run-row.tsx'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { DatasetPage as Page } from '../server/contract.ts'
import { pathPart } from '../address/path-part.ts'
import { datasetHref } from './datasets-page.tsx'
import type { ShownCase } from './shown-case.ts'

/** Cases of one dataset: each says what came in and what came out, and leads to the run that it is from. */
export const DatasetPage = ({ name, query }: { readonly name: string; readonly query: Query }) => {
  const from = /^\d{1,15}$/.test(query['from'] ?? '') ? query['from'] : undefined
  const { value, error } = useAnswer<Page>(hrefOf(`/v1/datasets/${pathPart(name)}`, { from }))
  return (
    <section class="figures datasets">
      <h1>
        <Link to="/datasets">Datasets</Link> › {shortText(name)}
      </h1>
      {error !== undefined && <ProblemCard error={error} retry={forgetAnswers} />}
      {error === undefined && value === undefined && <p class="loading faint">Loading …</p>}
      {value?.cases.length === 0 && <p class="faint">There is no case here that you may see.</p>}
      {value !== undefined && (
        <ol class="cases">
          {value.cases.map(({ case: found, problem }, at) => (
            <li key={`${from ?? ''} ${at}`}>
              {found === null ? <p class="problem">{visibleText(problem ?? '')}</p> : <Case found={found as unknown as ShownCase} />}
            </li>
          ))}
        </ol>
      )}
      <p class="buttons">
        {from !== undefined && <Link to={datasetHref(name)}>First cases</Link>}
        {value !== undefined && value.next !== null && <Link to={hrefOf(datasetHref(name), { from: String(value.next) })}>More cases</Link>}
      </p>
    </section>
  )
}

const Case = ({ found }: { readonly found: ShownCase }) => {
  const { id, of, source, task, input, output, labels, split } = found
  const said = input.messages.at(-1)
  const words =
    said === undefined
      ? JSON.stringify(input.input ?? null)
      : said.role === 'assistant'
        ? shownAnswer(said.parts)
        : shownContent(said.parts)
  return (
    <>
      <p>
        <span class="mono">{shortText(id)}</span> {of} of{' '}
        <Link to={hrefOf(runHref(source.runId), { at: String(source.revision) })}>
          {shortText(source.runId)}@{source.revision}
        </Link>{' '}
        <span class="faint">
          {shortText(source.agent)}
          {task !== id && ` · task ${shortText(task)}`}
          {split !== undefined && ` · ${shortText(split)}`}
          {Object.entries(labels).map(([label, value]) => ` · ${shortText(label)}: ${shortText(value)}`)}
        </span>
      </p>
      <dl class="in-and-out">
        <div>
          <dt>in</dt>
          <dd>{clipped(words)}</dd>
        </div>
        {output.toolCalls.length > 0 && (
          <div>
            <dt>calls</dt>
            <dd>{output.toolCalls.map(({ tool, outcome }) => `${shortText(tool)} ${shortText(outcome)}`).join(', ')}</dd>
          </div>
        )}
        <div>
          <dt>out</dt>
          <dd>{clipped(output.answer ?? JSON.stringify(output.output ?? null))}</dd>
        </div>
      </dl>
      <JsonTree name="case" value={found} depth={2} />
    </>
  )
}

const LONGEST = 1_000

const clipped = (text: string): string => visibleText(text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()} …` : text)
