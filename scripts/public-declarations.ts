import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import ts from 'typescript'

/** Something that an entry of the package exports, as a reader of its documentation needs it. */
export interface PublicDeclaration {
  readonly name: string
  /** Where it is declared. */
  readonly file: string
  readonly kind: 'value' | 'type'
  readonly docstring: string
  /** Its signature: without bodies, and without what is `@internal`. */
  readonly text: string
}

/** All that a file of re-exports hands on. Throws for a star, and for a name that its file does not declare. */
export const publicDeclarations = (entry: string): readonly PublicDeclaration[] =>
  parsed(entry)
    .statements.filter(ts.isExportDeclaration)
    .flatMap((statement) => handedOn(statement, entry))

const files = new Map<string, ts.SourceFile>()

const parsed = (path: string): ts.SourceFile => {
  const known = files.get(path)
  if (known !== undefined) return known
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  files.set(path, file)
  return file
}

const handedOn = ({ moduleSpecifier, exportClause }: ts.ExportDeclaration, entry: string): PublicDeclaration[] => {
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return []
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) throw new Error(`${entry}: expected exports by name, found a star`)
  const path = resolve(dirname(entry), moduleSpecifier.text)
  return exportClause.elements.map(({ name, propertyName }) => declarationOf(path, (propertyName ?? name).text, name.text))
}

/** `declared` is its name in its file, `name` the one by which it is exported. */
const declarationOf = (path: string, declared: string, name: string): PublicDeclaration => {
  if (!existsSync(path)) throw new Error(`expected ${path}, which exports ${declared}`)
  const file = parsed(path)
  const statements = file.statements.filter((statement) => namesOf(statement).includes(declared))
  const [first] = statements
  if (first === undefined) return elsewhere(file, declared, name)
  const text = signatureOf(statements, file)
  return {
    name,
    file: path,
    kind: isType(first) ? 'type' : 'value',
    docstring: docstringOf(first),
    text: declared === name ? text : text.replace(new RegExp(`\\b${declared}\\b`), name),
  }
}

/** What its file hands on itself. */
const elsewhere = (file: ts.SourceFile, declared: string, name: string): PublicDeclaration => {
  for (const statement of file.statements.filter(ts.isExportDeclaration)) {
    const found = handedOn(statement, file.fileName).find((one) => one.name === declared)
    if (found !== undefined) return { ...found, name }
  }
  throw new Error(`${file.fileName}: expected a declaration of ${declared}`)
}

const namesOf = (statement: ts.Statement): readonly string[] => {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((one) => one.name.getText())
  return isType(statement) || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) ? [statement.name?.text ?? ''] : []
}

const isType = (statement: ts.Node): statement is ts.InterfaceDeclaration | ts.TypeAliasDeclaration =>
  ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)

const docstringOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .flatMap((part) => (ts.isJSDoc(part) ? [ts.getTextOfJSDocComment(part.comment) ?? ''] : []))
    .join('\n')
    .trim()

const isInternal = (node: ts.Node): boolean =>
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal') ||
  ts.getModifiers(node as ts.HasModifiers)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true

const signatureOf = (statements: readonly ts.Statement[], file: ts.SourceFile): string => {
  const overloads = statements.filter(ts.isFunctionDeclaration)
  const shown = overloads.length > 1 ? overloads.filter(({ body }) => body === undefined) : statements
  return shown.map((statement) => statementText(statement, file)).join('\n\n')
}

const statementText = (statement: ts.Statement, file: ts.SourceFile): string => {
  if (ts.isInterfaceDeclaration(statement)) return withoutInternal(statement, statement.members)
  if (ts.isClassDeclaration(statement)) return withoutInternal(statement, statement.members)
  if (ts.isTypeAliasDeclaration(statement)) return `${plain(statement)}${schemaText(statement, file)}`
  if (ts.isFunctionDeclaration(statement)) return `function ${statement.name?.text ?? ''}${callText(statement)}`
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(variableText).join('\n')
  return plain(statement)
}

/** Without its docstring, and without `export`. */
const plain = (node: ts.Node): string => node.getText().replace(/^export /, '')

const withoutInternal = (declaration: ts.InterfaceDeclaration | ts.ClassDeclaration, members: ts.NodeArray<ts.Node>): string => {
  const source = declaration.getSourceFile().text
  const head = source.slice(declaration.getStart(), members.pos).replace(/^export /, '')
  const kept = members.filter((member) => !isInternal(member)).map((member) => memberText(member, source))
  return `${head}\n${kept.join('\n')}\n}`
}

const memberText = (member: ts.Node, source: string): string => {
  const comments = ts.getJSDocCommentsAndTags(member).flatMap((part) => (ts.isJSDoc(part) ? [part.getText()] : []))
  const body = (member as { readonly body?: ts.Node }).body
  const text = source.slice(member.getStart(), body?.pos ?? member.end).trim()
  return [...comments, text].join('\n')
}

const callText = ({ typeParameters, parameters, type }: ts.SignatureDeclaration): string => {
  const generic = typeParameters === undefined ? '' : `<${typeParameters.map((one) => one.getText()).join(', ')}>`
  return `${generic}(${parameters.map(parameterText).join(', ')})${type === undefined ? '' : `: ${type.getText()}`}`
}

/** A parameter that is taken apart has no name of its own. */
const parameterText = ({ dotDotDotToken, name, questionToken, initializer, type }: ts.ParameterDeclaration): string => {
  const called = ts.isIdentifier(name) ? name.text : 'options'
  const optional = questionToken !== undefined || initializer !== undefined ? '?' : ''
  const typed = type?.getText() ?? (initializer === undefined ? 'unknown' : typeOfLiteral(initializer))
  return `${dotDotDotToken === undefined ? '' : '...'}${called}${optional}: ${typed}`
}

const typeOfLiteral = (initializer: ts.Expression): string => {
  if (ts.isStringLiteral(initializer)) return 'string'
  return ts.isNumericLiteral(initializer) ? 'number' : 'boolean'
}

const variableText = ({ name, type, initializer }: ts.VariableDeclaration): string => {
  if (initializer !== undefined && ts.isArrowFunction(initializer)) return `function ${name.getText()}${callText(initializer)}`
  return `const ${name.getText()}${type === undefined ? '' : `: ${type.getText()}`}${initializer === undefined ? '' : ` = ${initializer.getText()}`}`
}

/** A type that is inferred from a schema says nothing by itself: the schema does. */
const schemaText = (alias: ts.TypeAliasDeclaration, file: ts.SourceFile): string => {
  const schema = /z\.(?:infer|output|input)<typeof (\w+)>/.exec(alias.type.getText())?.[1]
  if (schema === undefined) return ''
  const statement = file.statements.filter(ts.isVariableStatement).find((one) => namesOf(one).includes(schema))
  return statement === undefined ? '' : `\n\n${plain(statement)}`
}
