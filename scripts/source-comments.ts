import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** The docstrings of one source file: of its constants, and of the members of the object literals in them. */
export interface SourceComments {
  /** Of a constant; '' where it has none. */
  ofConstant(name: string): string
  /** Of the members of an object literal that have one. */
  ofMembers(literal: ts.ObjectLiteralExpression): ReadonlyMap<string, string>
  /** The object literal that a constant holds, that a function there returns, or that is the first argument of a call there. */
  literal(name: string): ts.ObjectLiteralExpression
  /** The members of a literal that are object literals themselves, or functions that return one, with their own docstrings. */
  nested(
    literal: ts.ObjectLiteralExpression,
  ): readonly { readonly name: string; readonly comment: string; readonly literal: ts.ObjectLiteralExpression }[]
}

export const sourceComments = (path: string): SourceComments => {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const constants = constantsOf(file)

  const ofConstant = (name: string): string => {
    const found = constants.get(name)
    return found === undefined ? '' : docstring(found.statement)
  }
  const literal = (name: string): ts.ObjectLiteralExpression => {
    const found = literalIn(constants.get(name)?.value)
    if (found === undefined) throw new Error(`expected a constant ${name} with an object literal in ${path}`)
    return found
  }
  const ofMembers = (of: ts.ObjectLiteralExpression): ReadonlyMap<string, string> =>
    new Map(of.properties.flatMap((member) => (member.name === undefined ? [] : [[member.name.getText(), docstring(member)] as const])))

  return {
    ofConstant,
    ofMembers,
    literal,
    nested: (of) =>
      of.properties.flatMap((member) => {
        const inner = ts.isPropertyAssignment(member) ? literalIn(member.initializer) : undefined
        return inner === undefined || member.name === undefined
          ? []
          : [{ name: member.name.getText(), comment: docstring(member), literal: inner }]
      }),
  }
}

interface Constant {
  readonly statement: ts.VariableStatement
  readonly value: ts.Expression | undefined
}

const constantsOf = (file: ts.SourceFile): ReadonlyMap<string, Constant> =>
  new Map(
    file.statements
      .filter(ts.isVariableStatement)
      .flatMap((statement) =>
        statement.declarationList.declarations.map(({ name, initializer }) => [name.getText(), { statement, value: initializer }] as const),
      ),
  )

const literalIn = (value: ts.Expression | undefined): ts.ObjectLiteralExpression | undefined => {
  if (value === undefined) return undefined
  if (ts.isAsExpression(value) || ts.isParenthesizedExpression(value)) return literalIn(value.expression)
  if (ts.isArrowFunction(value) && ts.isExpression(value.body)) return literalIn(value.body)
  if (ts.isObjectLiteralExpression(value)) return value
  return ts.isCallExpression(value) && value.arguments[0] !== undefined && ts.isObjectLiteralExpression(value.arguments[0])
    ? value.arguments[0]
    : undefined
}

const docstring = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .flatMap((part) => (ts.isJSDoc(part) ? [ts.getTextOfJSDocComment(part.comment) ?? ''] : []))
    .join(' ')
    .replace(/\s+/g, ' ')
