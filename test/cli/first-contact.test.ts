import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { modelServer } from '../support/model-server.ts'
import { configs, newPlace } from './run-refold.ts'

// What somebody meets who has never used it.

const root = resolve(import.meta.dirname, '../..')
const place = newPlace()
afterAll(() => {
  place.remove()
})

/** This Node, which says that it is another one. */
const onNode = async (version: string, ...program: readonly string[]) => {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`
  const parameters = ['--conditions=refold:source', '--import', pretend, ...program]
  return promisify(execFile)(process.execPath, parameters, { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string; readonly stderr: string },
  )
}

describe('an older Node', () => {
  test.each(['18.20.4', '20.20.2', '23.11.0'])('%s is told from which one on it goes, in one sentence', async (version) => {
    const { code, stdout, stderr } = await onNode(version, 'src/main.ts', 'list')
    expect({ code, stdout, stderr }).toEqual({
      code: exitCodes.configuration,
      stdout: '',
      stderr: `Refold needs Node 24 or newer, and this is Node ${version}\n`,
    })
  })

  test.each(['refold', 'refold/testing'])('is told so by the library too: %s', async (name) => {
    const { stderr } = await onNode('22.1.0', '--input-type=module', '-e', `await import('${name}')`)
    expect(stderr).toContain('AppError: Refold needs Node 24 or newer, and this is Node 22.1.0')
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test.each(['24.0.0', '26.1.0'])('is none of %s', async (version) => {
    expect(await onNode(version, 'src/main.ts', '--version')).toMatchObject({ code: 0 })
  })
})

describe('the library', () => {
  test.each([
    ['refold', ''],
    ['refold/core', ''],
    ['refold/testing', ''],
  ])('%s loads no client of a vendor or a server before it is used', async (name, stdout) => {
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ resolve: (name, context, next) => {
        if (/^(openai|@anthropic-ai|kafkajs|pg|elkjs|pino|@eventstore|hono|node:sqlite)/.test(name)) console.log(name)
        return next(name, context)
      } })
      await import('${name}')`
    expect(await onNode(process.versions.node, '--input-type=module', '-e', hook)).toMatchObject({ code: 0, stdout })
  })
})

describe('help', () => {
  test.each(['--help', '--version', 'query --help', 'run --help', 'views rebuild --help', 'lsit'])(
    'loads nothing of what the command would do: %s',
    async (words) => {
      const hook = `import { registerHooks } from 'node:module'
        registerHooks({ resolve: (name, context, next) => {
          if (/^(?!file:|node:(?!sqlite))[a-z@]/.test(name)) process.stderr.write(\`loads \${name}\\n\`)
          return next(name, context)
        } })`
      const { stderr } = await onNode(
        process.versions.node,
        '--import',
        `data:text/javascript,${encodeURIComponent(hook)}`,
        'src/main.ts',
        ...words.split(' '),
      )
      expect([...new Set(stderr.match(/(?<=^loads ).+/gm))]).toEqual(['commander'])
    },
  )
})

describe('the package', () => {
  test('holds every page that its README leads to', () => {
    const { files } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { readonly files: readonly string[] }
    const readme = readFileSync(resolve(root, 'README.md'), 'utf8')
    const pages = [...readme.matchAll(/\]\(([^)#:]+)[^):]*\)/g)].map(([, path = '']) => path)
    expect(pages.length).toBeGreaterThan(10)
    // Tests stay with the source.
    const elsewhere = /^(LICENSE|test\/)/
    expect(pages.filter((page) => !elsewhere.test(page) && !files.some((each) => page === each || page.startsWith(`${each}/`)))).toEqual([])
  })
})

describe('a run that is not there', { timeout: 60_000 }, () => {
  test.each([
    'send nowhere -m Hi',
    'show nowhere',
    'tail nowhere',
    'at nowhere 0',
    'cancel nowhere --reason so',
    'delete nowhere --yes',
    'replay nowhere',
  ])('is told about by every command in the same words: %s', async (command) => {
    const { stderr, exitCode } = await place.refold(command)
    expect(stderr).toContain('refold: RunNotFound: Expected a run nowhere, found none: `refold list` shows all\n')
    expect(exitCode).toBe(exitCodes.notFound)
  })
})

describe('a provider', { timeout: 60_000 }, () => {
  const config = configs.vendors

  test('without its key is told by the name of the variable', async () => {
    const none = await place.refold('run openai -m hi', { config })
    expect(none.exitCode).toBe(exitCodes.configuration)
    expect(none.stderr).toContain('set OPENAI_API_KEY')
    const other = await place.refold('run openai -m hi', { config, environment: { OPENAI_API_KEY: 'sk-1' } })
    expect(other.stderr).toMatch(/found the providers openai: set ANTHROPIC_API_KEY/)
  })

  test.each([
    ['openai', 401, /OPENAI_API_KEY, OPENAI_BASE_URL and the name of the model, one/],
    ['anthropic', 403, /ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and the name of the model, one/],
    ['openai', 404, /OPENAI_BASE_URL and the name of the model, one/],
  ])('%s that refuses with %i is told with what was set', async (provider, status, words) => {
    const server = await modelServer()
    server.replyWith({ status, body: '{"error":{"message":"no"}}', contentType: 'application/json' })
    const environment = { OPENAI_API_KEY: 'sk-1', OPENAI_BASE_URL: server.url, ANTHROPIC_API_KEY: 'sk-2', ANTHROPIC_BASE_URL: server.url }
    const { stderr, stdout } = await place.refold(`run ${provider} -m hi`, { config, environment })
    await server.close()
    expect(`${stdout}${stderr}`).toMatch(words)
  })
})

describe('a command', { timeout: 60_000 }, () => {
  test('that ends a run as it was asked to has succeeded', async () => {
    await place.refold("run clerk --run-id ended -m 'hello there'")
    const { exitCode, stderr } = await place.refold('cancel ended --reason enough')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: exitCodes.ok, stderr: expect.stringContaining('enough') as string })
    expect((await place.refold('list')).stdout).toMatch(/ended .*cancelled/)
  })

  test('finds a run again by a tag that it was started with', async () => {
    await place.refold('run clerk --run-id tagged -m \'hello there\' --tag customer=ann --tag order=17 --metadata \'{"source":"shop"}\'')
    expect(JSON.parse((await place.refold('show tagged --json')).stdout)).toMatchObject({ run: { metadata: { source: 'shop' } } })
    expect((await place.refold('list --tag order=17')).stdout).toMatch(/^tagged /m)
    expect((await place.refold('query costs --tag customer=ann')).exitCode).toBe(exitCodes.ok)
    expect((await place.refold('list --tag order=1')).stdout).not.toContain('tagged')
    const wrong = await place.refold('list --tag order')
    expect(wrong).toMatchObject({ exitCode: exitCodes.usage, stderr: expect.stringContaining('expected name=value') as string })
  })

  test('for what is stuck shows what has just been given to a person', async () => {
    await place.refold("run clerk --run-id doubtful -m 'fail now'")
    expect((await place.refold('query stuck')).stdout).toContain('doubtful')
  })

  test('that follows says so', async () => {
    const ran = await place.until('tail doubtful --from 0', () => true)
    expect(ran.stderr).toContain('Following doubtful')
  })
})
