import { AppError } from '../../errors.ts'
import { parameterProblem, type SqlQuery } from '../sql-query.ts'

/** That compute, in bounded room: none of them runs a text as SQL, reads catalogs, settings or files, waits, or makes a text of any length. */
const FUNCTIONS = `abs acos age array_agg array_length array_position array_to_string ascii asin atan atan2 avg bit_and bit_or bool_and bool_or btrim cbrt ceil
ceiling char_length character_length chr coalesce concat concat_ws corr cos cot count cume_dist date_bin date_part date_trunc degrees dense_rank div every exp
extract first_value floor generate_series greatest initcap isfinite json_agg json_array_elements json_array_elements_text json_array_length
json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object_agg json_object_keys json_typeof jsonb_agg
jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query jsonb_pretty jsonb_typeof justify_days justify_hours
justify_interval lag last_value lead least left length ln log log10 lower ltrim make_date make_interval make_timestamp make_timestamptz max md5 min mod mode
nth_value ntile nullif num_nonnulls num_nulls octet_length overlay percent_rank percentile_cont percentile_disc pi position power radians random rank
regexp_count regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr replace reverse right round
row_number row_to_json rtrim scale sha256 sign sin split_part sqrt starts_with stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strpos
substr substring sum tan to_char to_date to_hex to_json to_jsonb to_number to_timestamp translate trim trunc unnest upper var_pop var_samp variance
width_bucket`

/** What else stands before an opening bracket. */
const WORDS = `all and any array as between bigint bit boolean by case cast char character cross cube current_time current_timestamp date decimal distinct
double else end escape except exists false filter float for from full group grouping having ilike in inner int integer intersect interval into is
isnull join json jsonb lateral left like limit localtime localtimestamp materialized natural not notnull null numeric offset on only or order outer over
partition precision range real recursive right rollup row rows select sets similar smallint some symmetric table text then time timestamp timestamptz to true
union using values varchar varying when where window with within without`

const MAY_BE_CALLED: ReadonlySet<string> = new Set(`${FUNCTIONS} ${WORDS}`.split(/\s+/))

/** Of the catalogs, of the server, and of where rows lie: they tell of others. */
const TELLS =
  /^(pg_.*|information_schema|reg(class|collation|config|dictionary|namespace|oper|operator|proc|procedure|role|type)|ctid|xmin|xmax|cmin|cmax|tableoid)$/

/** A parameter, a name without quotes, one with them, a text, white space or a comment, anything else. Comments that nest end for Postgres later than here. */
const TOKEN =
  /\$\d+|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|"((?:[^"]|"")*)"|'(?:[^']|'')*'|\s+|--[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*\*\/|[^]/gy

interface Token {
  readonly text: string
  /** As Postgres takes it. */
  readonly name: string | undefined
}

/**
 * Refuses with `InvalidInput` a statement that could be read in two ways, and one that names what tells of more than the tables of the views.
 * The role that asks may not read more either; but every role may read the catalogs.
 */
export const checkPostgresText = ({ sql, parameters }: Pick<SqlQuery, 'sql' | 'parameters'>): void => {
  const tokens = tokensOf(sql)
  const first = tokens[0]?.name
  if (first === undefined || !['select', 'with', 'values'].includes(first))
    throw refused('a statement that begins with SELECT, WITH or VALUES', 'another')
  const numbers = tokens.filter(({ text }) => /^\$\d/.test(text)).map(({ text }) => Number(text.slice(1)))
  const problem = parameterProblem(Math.max(0, ...numbers), parameters.length)
  if (problem !== undefined) throw new AppError('InvalidInput', problem)
  for (const [at, { name, text }] of tokens.entries()) {
    if (name === undefined) continue
    if (TELLS.test(name)) throw refused('a query of the tables of the views alone', text)
    const calls = tokens[at + 1]?.text === '(' && !MAY_BE_CALLED.has(name)
    if (calls && !isDefined(tokens, at)) throw refused('functions that compute', `${text}()`)
  }
}

const refused = (expected: string, found: string): AppError => new AppError('InvalidInput', `Expected ${expected}, found ${found}`)

const tokensOf = (sql: string): readonly Token[] => {
  const tokens: Token[] = []
  let before = ''
  for (const [text, bare, quoted] of sql.matchAll(TOKEN)) {
    const isOdd = text === '$' || (text === '&' && /^u$/i.test(before)) || (text.startsWith("'") && /^e$/i.test(before))
    if (isOdd) throw refused('texts and names without escapes and $ quotes', `${before}${text.slice(0, 1)}`)
    before = text
    if (/^(\s|--|\/\*)/.test(text)) continue
    tokens.push({ text, name: bare?.toLowerCase() ?? quoted?.replaceAll('""', '"') })
  }
  return tokens
}

const SHOWN: ReadonlySet<string> = new Set(['as', 'not', 'materialized', 'select', 'with', 'values'])
const DEFINES = /^_ \( _( , _)* \) as (not )?(materialized )?\( (select|with|values)\b/
/** A common table expression has no more columns. */
const LONGEST_DEFINITION = 500

/** What is given a name here, and those of its columns: behind `as`, or as `name (column, …) as (`. */
const isDefined = (tokens: readonly Token[], at: number): boolean => {
  if (['as', 'with', 'recursive'].includes(tokens[at - 1]?.text.toLowerCase() ?? '')) return true
  const shape = tokens.slice(at, at + LONGEST_DEFINITION).map(({ text, name }, behind) => {
    if (name === undefined) return text
    return behind > 0 && SHOWN.has(text.toLowerCase()) ? name : '_'
  })
  return DEFINES.test(shape.join(' '))
}
