import { checkedSqlQuery } from '../views/checked-sql-query.ts'
import type { SqlOptions, SqlResult } from '../views/sql-query.ts'
import type { ViewStore } from '../views/view-store.ts'
import type { ViewsBehind } from './quick-catch-up.ts'

/** What was found, and what it may lack: what was stored last, where the views are behind their log. */
export interface FreshSqlResult extends SqlResult {
  readonly behind: ViewsBehind | undefined
}

export type AskSql = (sql: string, options?: SqlOptions) => Promise<FreshSqlResult>

/** Of the views as they are once they have taken in what is new, as far as that is quick. */
export const freshSql =
  (views: Pick<ViewStore, 'sql'>, catchUpQuickly: () => Promise<ViewsBehind | undefined>): AskSql =>
  async (sql, options) => {
    const query = checkedSqlQuery(sql, options)
    const behind = await catchUpQuickly()
    return { ...(await views.sql(query)), behind }
  }
