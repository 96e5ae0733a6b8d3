import type { Problem } from '../../src/http/contract.ts'
import { visibleText } from '../../src/text.ts'
import { Refused, Silent } from '../server/ask.ts'

/** What the server has said no to, or that it says nothing. */
export const ProblemCard = ({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) => {
  const problem = error instanceof Refused ? error.problem : undefined
  const mayRepeat = problem === undefined || problem.retryable
  return (
    <div class="problem" role="alert">
      {problem === undefined ? <Unexpected error={error} /> : <Details problem={problem} />}
      {retry !== undefined && mayRepeat && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

const Unexpected = ({ error }: { readonly error: unknown }) => (
  <strong>{error instanceof Silent ? 'The server does not answer.' : 'This part of the page has failed.'}</strong>
)

const Details = ({ problem: { title, detail, errors = [], code, type, requestId } }: { readonly problem: Problem }) => (
  <>
    <strong>{title}</strong>
    <p>{visibleText(detail)}</p>
    {errors.map(({ field, message }) => (
      <p key={field}>
        <code>{visibleText(field)}</code> {visibleText(message)}
      </p>
    ))}
    {code !== '' && (
      <p class="faint">
        <a href={type}>{code}</a> · request {requestId}
      </p>
    )}
  </>
)
