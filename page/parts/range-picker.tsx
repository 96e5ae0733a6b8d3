import { setQuery, type Query } from '../address/address.ts'
import { Time } from '../preferences/time.tsx'
import { rangeTexts, type Range } from './range.ts'

const CUSTOM = 'custom'

/** Which time is looked at; `usual` where the address says nothing. */
export const RangePicker = ({
  query,
  range: { since, until },
  usual,
}: {
  readonly query: Query
  readonly range: Range
  readonly usual: string
}) => {
  const chosen = query['since'] ?? usual
  const isNamed = (Object.hasOwn(rangeTexts, chosen) || chosen === 'all') && query['until'] === undefined
  return (
    <span class="range">
      <label>
        Time{' '}
        <select
          aria-label="Time"
          value={isNamed ? chosen : CUSTOM}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ since: value === usual ? undefined : value, until: undefined })
          }}
        >
          {Object.entries(rangeTexts).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
          <option value="all">all of it</option>
          {!isNamed && <option value={CUSTOM}>as chosen</option>}
        </select>
      </label>
      {!isNamed && (
        <span class="faint">
          {since !== undefined && (
            <>
              {' '}
              from <Time at={since} />
            </>
          )}
          {until !== undefined && (
            <>
              {' '}
              to <Time at={until} />
            </>
          )}
        </span>
      )}
    </span>
  )
}
