import { useSelector } from '@xstate/store-preact'
import { Link } from '../address/link.tsx'
import { pathPart } from '../address/path-part.ts'
import { session } from '../session/session-store.ts'

interface SqlLinkProps {
  /** Undefined while it is not known. */
  readonly sql: string | undefined
  /** What it is the query of. */
  readonly of: string
}

/** To the query behind some figures, for whoever may ask in SQL. */
export const SqlLink = ({ sql, of }: SqlLinkProps) => {
  const scopes = useSelector(session, ({ context }) => context.who?.scopes)
  if (sql === undefined || scopes?.includes('sql') === false) return null
  return (
    <Link to={`/analytics/sql#q=${pathPart(sql)}`} aria-label={`${of} as SQL`}>
      SQL
    </Link>
  )
}
