import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import ts from 'typescript'

interface Export {
  readonly file: string
  readonly name: string
}

/**
 * `file: name` of each function, constant and class that a file of re-exports hands on and whose declaration carries no docstring.
 * Types are left to their authors: one whose name and members explain it needs none.
 */
export const exportsWithoutDocstring = (entry: string): string[] =>
  parse(entry)
    .statements.filter(ts.isExportDeclaration)
    .flatMap((statement) => handedOn(statement, entry))
    .filter((one) => !isExplained(one))
    .map(({ file, name }) => `${relative(dirname(entry), file)}: ${name}`)

const parse = (path: string): ts.SourceFile => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)

const handedOn = ({ moduleSpecifier, exportClause }: ts.ExportDeclaration, entry: string): Export[] => {
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return []
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) throw new Error(`${entry}: expected exports by name, found a star`)
  const file = resolve(dirname(entry), moduleSpecifier.text)
  return exportClause.elements.map(({ name, propertyName }) => ({ file, name: (propertyName ?? name).text }))
}

const isExplained = ({ file, name }: Export): boolean => {
  const declaration = parse(file).statements.find((statement) => declares(statement, name))
  if (declaration === undefined) return false
  return isTypeOnly(declaration) || ts.getJSDocCommentsAndTags(declaration).length > 0
}

const declares = (statement: ts.Statement, name: string): boolean => {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.some((one) => one.name.getText() === name)
  const isNamed = isTypeOnly(statement) || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
  return isNamed && statement.name?.text === name
}

const isTypeOnly = (statement: ts.Statement): statement is ts.InterfaceDeclaration | ts.TypeAliasDeclaration =>
  ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
