import { useSelector } from '@xstate/store-preact'
import { clockText } from '../preferences/time-text.ts'
import { connection } from '../server/connection.ts'
import { retryNow } from '../server/follow.ts'

/** Says that the server does not answer, and since when: what is shown is as old. */
export const ConnectionBand = () => {
  const lostAt = useSelector(connection, ({ context }) => context.lostAt)
  if (lostAt === undefined) return null
  return (
    <div class="band" role="status">
      <span>Offline since {clockText(lostAt, 'local').slice(0, 8)}. What you see is as old; it goes on by itself.</span>
      <button type="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  )
}
