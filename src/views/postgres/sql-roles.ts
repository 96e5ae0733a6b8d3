import type { Pool, PoolClient } from 'pg'
import { AppError, messageOf } from '../../errors.ts'
import { sha256 } from '../../hash.ts'
import { recordTables, runsTable, viewTables } from '../view-tables.ts'
import { inPostgresTransaction } from './transaction.ts'

/** Who asks in SQL: a role of the server that may read the tables of the views alone, of one tenant or of all. */
export interface SqlRole {
  readonly name: string
  readonly tenant: string | undefined
}

const TABLES = viewTables.map(({ name }) => name)

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** For exactly this role and tenant, so that one that is there says all. */
const policyOf = ({ name, tenant }: SqlRole): string => `refold_tenant_${sha256(JSON.stringify([name, tenant])).slice(0, 24)}`

const LONGEST_LOCK_WAIT_MS = 2_000

/**
 * Lets the role read the tables of the views, and one of a tenant its own rows alone. May be repeated: what a rebuild has put in place of
 * the tables has no rights yet. Other readers and writers of the tables see what they saw.
 */
export const grantSql = async (pool: Pool, role: SqlRole): Promise<void> => {
  try {
    await inPostgresTransaction(pool, (client) => grantTo(client, role))
  } catch (cause) {
    throw new AppError(
      'InvalidConfiguration',
      `The role ${role.name} cannot be given the right to read the tables of the views: ${messageOf(cause)}. It has to be there, and this process has to own the tables`,
      { cause },
    )
  }
}

const grantTo = async (client: PoolClient, role: SqlRole): Promise<void> => {
  // A rebuild changes the places of tables under this lock.
  await client.query('select 1 from refold_view_state for update')
  await client.query(`set local lock_timeout = ${LONGEST_LOCK_WAIT_MS}; set local standard_conforming_strings = on`)
  const { rows } = await client.query<{ schema: string }>('select current_schema() as schema')
  const name = quoted(role.name)
  await client.query(`grant usage on schema ${quoted(rows[0]?.schema ?? 'public')} to ${name}`)
  if (role.tenant !== undefined) await restrictTo(client, role, role.tenant)
  await client.query(`grant select on ${TABLES.join(', ')} to ${name}`)
}

const restrictTo = async (client: PoolClient, role: SqlRole, tenant: string): Promise<void> => {
  const name = quoted(role.name)
  const own = `tenant = ${literal(tenant)}`
  const ofOwnRuns = `run_id in (select run_id from ${runsTable.name} where ${own})`
  const policy = policyOf(role)
  const conditions = [{ name: runsTable.name, own }, ...Object.values(recordTables).map((table) => ({ name: table.name, own: ofOwnRuns }))]
  for (const { name: table, own: using } of conditions) {
    const { rows } = await client.query<{ name: string; own: boolean }>(POLICIES, [table, role.name])
    const names = rows.map((row) => row.name)
    // Of another tenant, whose role it was.
    for (const old of rows) if (old.own && old.name !== policy) await client.query(`drop policy ${quoted(old.name)} on ${table}`)
    await client.query(`alter table ${table} enable row level security`)
    // Whoever else may read or write sees all; a restrictive policy takes away from that for its role.
    if (!names.includes('refold_everybody')) await client.query(`create policy refold_everybody on ${table} using (true) with check (true)`)
    if (!names.includes(policy)) await client.query(`create policy ${policy} on ${table} as restrictive to ${name} using (${using})`)
  }
}

const POLICIES = `
select polname as name, polname like 'refold\\_tenant\\_%' and polroles = array(select oid from pg_roles where rolname = $2) as own
from pg_policy where polrelid = to_regclass($1)`

/** Of the session: what makes its role more than a reader of these tables, and on how many of them it is held to its tenant. */
const STANDING = `
select
  current_user = $1 and session_user = $1 as is_role,
  r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication as has_rights,
  exists (select 1 from pg_auth_members m where m.member = r.oid) as is_member,
  (select count(*)::int from pg_class c where c.oid = any(tables.oids) and has_table_privilege(c.oid, 'select')) as readable,
  array(select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
      and ((c.oid <> all(tables.oids) and (has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select')))
        or has_table_privilege(c.oid, 'insert') or has_table_privilege(c.oid, 'update') or has_table_privilege(c.oid, 'delete')
        or has_table_privilege(c.oid, 'truncate')) limit 3) as others,
  (select count(*)::int from pg_class c join pg_policy p on p.polrelid = c.oid
    where c.oid = any(tables.oids) and c.relrowsecurity and row_security_active(c.oid)
      and p.polname = $3 and not p.polpermissive and p.polroles = array[r.oid]) as held
from pg_roles r, (select array(select coalesce(to_regclass(name)::oid, 0::oid) from unnest($2::text[]) name) as oids) tables
where r.rolname = current_user`

interface Standing {
  readonly is_role: boolean
  readonly has_rights: boolean
  readonly is_member: boolean
  readonly readable: number
  readonly others: readonly string[]
  readonly held: number
}

/** `lacking` where the role has not, or no longer, what {@link grantSql} gives. Throws `InvalidConfiguration` for one that may do more than read these tables. */
export const standingOf = async (client: Pick<PoolClient, 'query'>, role: SqlRole): Promise<'ready' | 'lacking'> => {
  const { rows } = await client.query<Standing>(STANDING, [role.name, TABLES, policyOf(role)])
  const [standing] = rows
  if (standing?.is_role !== true) throw unfit(role, 'it is another')
  if (standing.has_rights) throw unfit(role, 'it may change what it may do, or pass by the rules for rows')
  if (standing.is_member) throw unfit(role, 'it belongs to another role')
  if (standing.others.length > 0) throw unfit(role, `it may read or write ${standing.others.join(', ')}`)
  const isHeld = role.tenant === undefined || standing.held === TABLES.length
  return standing.readable === TABLES.length && isHeld ? 'ready' : 'lacking'
}

const unfit = ({ name }: SqlRole, why: string): AppError =>
  new AppError(
    'InvalidConfiguration',
    `Expected the role ${name} to be one that reads the tables of the views and nothing else, found that ${why}`,
  )
