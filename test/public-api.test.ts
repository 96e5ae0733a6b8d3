import { relative, resolve } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'

// What a program that imports 'refold', or a part of it, can name. Read from the source by the compiler, since no test at run time sees a type.

const root = resolve(import.meta.dirname, '..')

/** Made by Refold for others to read: what is optional in them is absent. */
const READ_ONLY = new Set(['GivenBackRun', 'ModelCallOptions', 'ModelRequest', 'MoveDifference', 'OpenEffect', 'Tool'])

interface Found {
  /** `TYPE of WHERE`, of what a program cannot name. */
  readonly nameless: readonly string[]
  /** `TYPE.member`, of what takes no `undefined`. */
  readonly strict: readonly string[]
}

const isInternal = (node: ts.Node): boolean => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')

const nameOf = (node: ts.Node): ts.Node | undefined => {
  if (ts.isTypeReferenceNode(node)) return node.typeName
  return ts.isExpressionWithTypeArguments(node) ? node.expression : undefined
}

/** The parts of a declaration that are its signature. */
const signatureOf = (node: ts.Node): readonly ts.Node[] => {
  if (ts.isVariableDeclaration(node)) return [node.type ?? node.initializer ?? node]
  if (ts.isArrowFunction(node)) return [...(node.typeParameters ?? []), ...node.parameters, ...(node.type === undefined ? [] : [node.type])]
  if (ts.isBlock(node) || isInternal(node)) return []
  const parts: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    parts.push(child)
  })
  return parts
}

const strictMembers = (declaration: ts.Declaration): readonly string[] => {
  if (!ts.isInterfaceDeclaration(declaration) || READ_ONLY.has(declaration.name.text)) return []
  return declaration.members.flatMap((member) =>
    ts.isPropertySignature(member) &&
    member.questionToken !== undefined &&
    !/\bundefined\b|^unknown$|^Input$/.test(member.type?.getText() ?? '')
      ? [`${declaration.name.text}.${member.name.getText()}`]
      : [],
  )
}

const ENTRIES = ['index', 'core', 'testing']
/** Whoever tests agents imports them too. */
const BESIDE: Readonly<Record<string, readonly string[]>> = { testing: ['index'] }
const sourceOf = (entry: string): string => resolve(root, `src/${entry}.ts`)

const asBuilt = (): ts.Program => {
  const { config } = ts.readConfigFile(resolve(root, 'tsconfig.build.json'), ts.sys.readFile) as { readonly config: object }
  return ts.createProgram(ENTRIES.map(sourceOf), ts.parseJsonConfigFileContent(config, ts.sys, root).options)
}

/** What the compiler finds wrong in the declarations that are published, as a program without `skipLibCheck` would see it. */
const declarationErrors = (program: ts.Program): readonly string[] => {
  const declarations = new Map<string, string>()
  program.emit(undefined, (path, text) => declarations.set(path, text), undefined, true)
  const options: ts.CompilerOptions = { ...program.getCompilerOptions(), skipLibCheck: false, noEmit: true }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (path) => declarations.has(path) || fileExists.call(host, path)
  host.readFile = (path) => declarations.get(path) ?? readFile.call(host, path)
  // Of what is not built there is no folder.
  host.directoryExists = () => true
  const published = ts.createProgram(
    ENTRIES.map((entry) => resolve(root, `dist/${entry}.d.ts`)),
    options,
    host,
  )
  return published
    .getSourceFiles()
    .filter(({ fileName }) => declarations.has(fileName))
    .flatMap((file) => [...published.getSyntacticDiagnostics(file), ...published.getSemanticDiagnostics(file)])
    .map(({ file, messageText }) => `${relative(root, file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
}

const explore = (program: ts.Program, entry: string): Found => {
  const checker = program.getTypeChecker()
  const real = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  const isOurs = (symbol: ts.Symbol): boolean =>
    !(symbol.flags & ts.SymbolFlags.TypeParameter) &&
    (symbol.declarations ?? []).some((declaration) => declaration.getSourceFile().fileName.startsWith(resolve(root, 'src')))

  const exportsOf = (name: string): readonly ts.Symbol[] =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(sourceOf(name))!)!).map(real)

  const elsewhere = new Set((BESIDE[entry] ?? []).flatMap(exportsOf))
  const todo = exportsOf(entry).filter((symbol) => !elsewhere.has(symbol))
  const nameless: string[] = []
  const visit = (node: ts.Node, of: ts.Symbol): void => {
    const name = nameOf(node)
    const found = name && checker.getSymbolAtLocation(name)
    const symbol = found && real(found)
    if (symbol !== undefined && isOurs(symbol) && !todo.includes(symbol) && !elsewhere.has(symbol)) {
      todo.push(symbol)
      nameless.push(`${symbol.name} of ${of.name}`)
    }
    for (const part of signatureOf(node)) visit(part, of)
  }
  for (const symbol of todo) for (const declaration of symbol.declarations ?? []) visit(declaration, symbol)
  return { nameless, strict: todo.flatMap(({ declarations = [] }) => declarations.flatMap(strictMembers)) }
}

describe('the public API', { timeout: 60_000 }, () => {
  let program: ts.Program
  let found: ReadonlyMap<string, Found>
  beforeAll(() => {
    program = asBuilt()
    found = new Map(ENTRIES.map((entry) => [entry, explore(program, entry)]))
  }, 60_000)

  test.each(ENTRIES)('exports every type that one of its signatures names, in src/%s.ts', (entry) => {
    expect(found.get(entry)?.nameless).toEqual([])
  })

  test.each(ENTRIES)('takes undefined for whatever may be left out, in src/%s.ts', (entry) => {
    expect(found.get(entry)?.strict).toEqual([])
  })

  test('compiles in programs that check the declarations of what they import', () => {
    expect(declarationErrors(program)).toEqual([])
  })
})

describe('what folds', { timeout: 60_000 }, () => {
  test('names nothing that Node alone has', () => {
    const { config } = ts.readConfigFile(resolve(root, 'tsconfig.build.json'), ts.sys.readFile) as { readonly config: object }
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    // What a page has; the lines of `hash.ts` lead to Node for the compiler.
    const browser = { ...options, types: [], lib: ['lib.es2024.d.ts', 'lib.esnext.d.ts', 'lib.dom.d.ts'] }
    const program = ts.createProgram([resolve(root, 'src/core.ts')], browser)
    const ours = program.getSourceFiles().filter(({ fileName }) => /\/src\/(?!hash\.node)/.test(fileName) && !/node_modules/.test(fileName))
    expect(ours.length).toBeGreaterThan(50)
    const found = ours.flatMap((file) => program.getSemanticDiagnostics(file).map(({ messageText }) => [file.fileName, messageText]))
    expect(found).toEqual([])
  })
})
