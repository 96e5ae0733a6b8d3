import type { Pool } from 'pg'
import type { PostgresSqlOptions } from '../../src/views/postgres/postgres-sql.ts'

const PASSWORD = 'asks-in-sql'

/** As an operator makes them: roles that may log in and nothing else, one for all and one for each tenant. */
export const sqlRolesOf = async (pool: Pool, roles: Readonly<Record<string, string>> = {}): Promise<PostgresSqlOptions> => {
  for (const role of ['refold_sql', ...Object.values(roles)]) {
    const { rows } = await pool.query('select 1 from pg_roles where rolname = $1', [role])
    if (rows.length === 0) await pool.query(`create role "${role}" login password '${PASSWORD}'`)
  }
  const address = new URL(pool.options.connectionString ?? '')
  address.username = 'refold_sql'
  address.password = PASSWORD
  return { address: address.href, roles }
}
