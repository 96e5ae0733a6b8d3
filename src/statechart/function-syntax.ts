import { parse, type Node } from 'acorn'

// The text of one function differs between types stripped by Node, a build of tsc, the transform of a test runner and one that counts
// coverage: in layout, comments, quotes, parentheses and in how an import is written. Its syntax tree, brought to one form, does not.
// Local names are numbered in the order of their first mention; names from outside (imports, globals) stay, for they say what is called.
// So a build that renames them (a minifier; a test runner, where an import is a default, a namespace or has another name) is other code.

type Tree = Node & Readonly<Record<string, unknown>>
type Normal = unknown

interface Names {
  /** Declared by a function around the place or inside of it. */
  readonly local: ReadonlySet<string>
  readonly numbers: Map<string, number>
}

/** Plain JSON that is the same for the same code, however it was built. A native or bound function shows nothing of what it does. */
export const functionSyntax = (subject: (...args: never[]) => unknown): Normal => {
  const text = Function.prototype.toString.call(subject)
  const tree = functionIn(text)
  if (tree === undefined) return { unreadable: text.replace(/\s+/g, ' ') }
  return normal(tree, { local: new Set(declaredWithin(tree)), numbers: new Map() })
}

/** Functions, arrows and classes are expressions; methods, those of objects too, can stand in a class. */
const functionIn = (text: string): Tree | undefined => expressionIn(`(${text})`) ?? memberIn(`(class{${text}})`)

const expressionIn = (text: string): Tree | undefined => {
  try {
    const { body } = parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
    const [statement] = body as unknown as readonly Tree[]
    return asTree(statement?.expression)
  } catch {
    return undefined
  }
}

const memberIn = (text: string): Tree | undefined => {
  const members = asTree(expressionIn(text)?.body)?.body as readonly unknown[] | undefined
  return asTree(asTree(members?.[0])?.value)
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && 'type' in value
const asTree = (value: unknown): Tree | undefined => (isTree(value) ? value : undefined)

const childrenOf = (tree: Tree): readonly Tree[] =>
  Object.values(tree)
    .flatMap((value): readonly unknown[] => (Array.isArray(value) ? value : [value]))
    .filter(isTree)

const FUNCTIONS: ReadonlySet<string> = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** Names as they are seen inside of a function. */
const inside = (subject: Tree, { local, numbers }: Names): Names => {
  const own = [subject.id, ...(subject.params as readonly unknown[])].flatMap(namesIn)
  return { local: new Set([...local, ...own, ...childrenOf(subject).flatMap(declaredWithin)]), numbers }
}

/** Not what the functions within declare: outside of them the same name means another thing. */
const declaredWithin = (tree: Tree): readonly string[] =>
  FUNCTIONS.has(tree.type) ? declaredBy(tree) : [...declaredBy(tree), ...childrenOf(tree).flatMap(declaredWithin)]

const declaredBy = (tree: Tree): readonly string[] => {
  switch (tree.type) {
    case 'VariableDeclarator':
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'ClassExpression':
      return namesIn(tree.id)
    case 'CatchClause':
      return namesIn(tree.param)
    default:
      return []
  }
}

/** Names that a pattern binds. */
const namesIn = (pattern: unknown): readonly string[] => {
  const tree = asTree(pattern)
  switch (tree?.type) {
    case 'Identifier':
      return [String(tree.name)]
    case 'ObjectPattern':
      return (tree.properties as readonly Tree[]).flatMap((property) => namesIn(property.value ?? property.argument))
    case 'ArrayPattern':
      return (tree.elements as readonly unknown[]).flatMap(namesIn)
    case 'AssignmentPattern':
      return namesIn(tree.left)
    case 'RestElement':
      return namesIn(tree.argument)
    default:
      return []
  }
}

/** Of position, and of how a thing is written that means the same. */
const NOT_MEANT: ReadonlySet<string> = new Set(['type', 'start', 'end', 'raw', 'directive', 'shorthand', 'expression', 'optional'])

const normal = (value: unknown, names: Names): Normal => {
  if (Array.isArray(value)) return value.filter((item) => !isNothing(item)).map((item) => normal(item, names))
  if (!isTree(value)) return value
  const short = plainer(value, names)
  if (short !== value) return normal(short, names)
  const here = FUNCTIONS.has(value.type) ? inside(value, names) : names
  return special(value, here) ?? generic(value, here)
}

const generic = (tree: Tree, names: Names): Normal => ({
  type: tree.type,
  ...(tree.optional === true ? { optional: true } : {}),
  ...Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => !NOT_MEANT.has(key) || (key === 'expression' && isTree(tree.expression)))
      .map(([key, part]) => [key, normal(part, names)]),
  ),
})

const special = (tree: Tree, names: Names): Normal => {
  switch (tree.type) {
    case 'Identifier':
      return nameOf(String(tree.name), names)
    case 'Literal':
      return literal(tree)
    case 'TemplateElement':
      return { text: (tree.value as TemplateText).cooked }
    case 'TaggedTemplateExpression':
      return tagged(tree, names)
    case 'MemberExpression':
      return { type: 'Member', ...optionally(tree), object: normal(tree.object, names), member: memberName(tree, tree.property, names) }
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return {
        type: tree.type,
        kind: tree.kind,
        static: tree.static,
        key: memberName(tree, tree.key, names),
        value: normal(tree.value, names),
      }
    case 'FunctionExpression':
      return generic({ ...tree, id: null }, names)
    default:
      return undefined
  }
}

const optionally = ({ optional }: Tree): { optional?: true } => (optional === true ? { optional: true } : {})

const nameOf = (name: string, { local, numbers }: Names): Normal => {
  if (!local.has(name)) return { outside: name }
  const number = numbers.get(name) ?? numbers.size
  numbers.set(name, number)
  return { local: number }
}

const literal = ({ regex, value }: Tree): Normal => {
  if (regex !== undefined) return { regex }
  // JSON carries neither.
  return typeof value === 'bigint' || value === Infinity ? { [typeof value]: String(value) } : { literal: value }
}

interface TemplateText {
  readonly cooked: string
  readonly raw: string
}

/** A tag may read the text as it is written: String.raw`\d`. */
const tagged = (tree: Tree, names: Names): Normal => {
  const { quasis, expressions } = tree.quasi as Readonly<Record<string, readonly Tree[]>>
  const texts = quasis?.map(({ value }) => (value as TemplateText).raw)
  return { type: tree.type, tag: normal(tree.tag, names), texts, holes: normal(expressions, names) }
}

/** `a.b`, `a['b']` and `{ 'b': … }` name the same member. */
const memberName = (tree: Tree, key: unknown, names: Names): Normal => {
  const written = asTree(key)
  if (written?.type === 'Literal' && written.regex === undefined) return { name: String(written.value) }
  if (tree.computed === true) return { computed: normal(written, names) }
  return written?.type === 'Identifier' ? { name: written.name } : normal(written, names)
}

/** How builds write the object that holds what was imported: `rules_1.limit`, `__vi_import_0__.limit`. Of `rates_2025` it is no part. */
const IMPORTED = /^(?:__vi_import_\d+__|__vite_ssr_import_\d+__|[\w$]+_\d\d?|exports)$/
const COVERAGE = /^cov_\w+$/

/** The same said in fewer words, or the tree itself. */
const plainer = (tree: Tree, names: Names): Tree => {
  switch (tree.type) {
    case 'MemberExpression':
      return importedName(tree, names) ?? tree
    case 'SequenceExpression':
      return withoutIdle(tree)
    case 'CallExpression':
      return named(tree) ?? tree
    case 'TemplateLiteral':
      return asLiteral(tree) ?? tree
    case 'UnaryExpression':
      return tree.operator === 'void' && asTree(tree.argument)?.type === 'Literal' ? madeTree('Identifier', { name: 'undefined' }) : tree
    case 'ArrowFunctionExpression':
      return withBlock(tree, 'body', (body) => madeTree('ReturnStatement', { argument: body }))
    case 'IfStatement':
      return withBlock(withBlock(tree, 'consequent', same), 'alternate', same)
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
      return withBlock(tree, 'body', same)
    default:
      return tree
  }
}

const madeTree = (type: string, parts: Readonly<Record<string, unknown>>): Tree => ({ type, ...parts }) as unknown as Tree
const same = (tree: Tree): Tree => tree

const importedName = ({ object, property, computed }: Tree, { local }: Names): Tree | undefined => {
  const holder = asTree(object)
  if (computed === true || holder?.type !== 'Identifier') return undefined
  const name = String(holder.name)
  return IMPORTED.test(name) && !local.has(name) ? asTree(property) : undefined
}

/** `(0, x)` calls x without its object, and counters of coverage do nothing. */
const withoutIdle = (tree: Tree): Tree => {
  const all = tree.expressions as readonly Tree[]
  const kept = all.filter((part, index) => !isNothing(part) && !(index < all.length - 1 && part.type === 'Literal'))
  const [only] = kept
  return only !== undefined && kept.length === 1 ? only : tree
}

/** `__name(fn, "fn")`: a bundler that keeps the names of functions. */
const named = ({ callee, arguments: args }: Tree): Tree | undefined =>
  asTree(callee)?.name === '__name' ? asTree((args as readonly unknown[])[0]) : undefined

const asLiteral = ({ expressions, quasis }: Tree): Tree | undefined =>
  (expressions as readonly unknown[]).length > 0
    ? undefined
    : madeTree('Literal', { value: (asTree((quasis as readonly unknown[])[0])?.value as TemplateText).cooked })

const withBlock = (tree: Tree, part: string, wrap: (tree: Tree) => Tree): Tree => {
  const body = asTree(tree[part])
  if (body === undefined || body.type === 'BlockStatement') return tree
  return { ...tree, [part]: madeTree('BlockStatement', { body: [wrap(body)] }) }
}

/** Directives, lone semicolons, counters of coverage. */
const isNothing = (item: unknown): boolean => {
  const tree = asTree(item)
  if (tree === undefined) return false
  if (tree.type === 'EmptyStatement' || typeof tree.directive === 'string') return true
  const counted = tree.type === 'ExpressionStatement' ? asTree(tree.expression) : tree
  return counted?.type === 'UpdateExpression' && isCounter(asTree(counted.argument))
}

/** `cov_1a2b().s[3]` */
const isCounter = (tree: Tree | undefined): boolean => {
  if (tree?.type === 'MemberExpression') return isCounter(asTree(tree.object))
  return tree?.type === 'CallExpression' && COVERAGE.test(String(asTree(tree.callee)?.name))
}
