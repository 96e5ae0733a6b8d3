// docs/architecture.md, as rules. Arrows point inward; what a folder may import besides itself and the shared files:
const MAY_IMPORT = {
  events: [],
  statechart: [],
  machines: ['events', 'statechart'],
  projections: ['events'],
  guardrails: ['events', 'projections'],
  fold: ['events', 'statechart', 'machines', 'projections'],
  eventlog: [],
  bus: [],
  blobs: [],
  snapshots: [],
  models: ['events'],
  tools: ['events', 'projections'],
  views: ['projections', 'events'],
  pictures: ['statechart'],
  evals: ['events', 'projections', 'fold', 'runtime'],
  runtime: ['events', 'statechart', 'machines', 'guardrails', 'projections', 'fold', 'eventlog', 'blobs', 'snapshots', 'models', 'tools'],
  otlp: ['projections'],
  consumers: ['events', 'projections', 'evals', 'eventlog', 'blobs', 'views', 'runtime', 'bus', 'otlp'],
  web: [],
  health: ['runtime', 'consumers', 'views', 'eventlog', 'bus', 'web'],
  http: ['events', 'statechart', 'machines', 'projections', 'fold', 'views', 'pictures', 'runtime', 'eventlog', 'web', 'otlp', 'evals'],
  testing: [
    'events',
    'statechart',
    'projections',
    'fold',
    'eventlog',
    'blobs',
    'snapshots',
    'models',
    'tools',
    'views',
    'runtime',
    'consumers',
  ],
}
const EVERY_FOLDER = [...Object.keys(MAY_IMPORT), 'cli']
// The same for the rooms of src/runtime, which all may import the files that lie beside them:
const RUNTIME_ROOMS = {
  code: [],
  reading: ['code'],
  seal: [],
  answers: ['seal', 'code'],
  effects: ['answers', 'seal'],
  actors: ['answers', 'seal', 'reading', 'code'],
  commands: ['actors', 'answers', 'effects', 'reading', 'code'],
  forks: ['actors', 'answers', 'commands', 'seal', 'reading', 'code'],
  children: ['actors', 'answers', 'commands', 'reading', 'code'],
  whatif: ['answers', 'commands', 'reading', 'code'],
}
const PURE = ['events', 'statechart', 'machines', 'projections', 'guardrails', 'fold']

const oneOf = (names) => `(${names.join('|')})`
const inside = (folders) => `^src/${oneOf(folders)}/`
const SHARED =
  '^src/(errors|clock|json|hash(\\.node|\\.browser)?|present|when-asked|known-options|text|logger|private-files|package-root|secrets)\\.ts$'
const ROOT = '^src/(open|open-refold|open-stores|open-projector|projector-thread|open-postgres|open-bus|open-tracer|vendor-models)\\.ts$'
const CORE = '^src/core\\.ts$'
const API = '^src/(index|core|testing)\\.ts$' // what users import
const ENTRY = '^src/main\\.ts$'
const WITH_ROOMS = '^src/(eventlog|views|bus|models)/' // each adapter of these ports has a room of its own: eventlog/sqlite/
const ADAPTER = '^src/((eventlog|views|bus)/[^/]+/|models/(?!wire/)[^/]+/|(blobs|snapshots)/[^/.]+\\.[^/]+\\.ts$)' // where a port is small, a dot in the stem marks it: blob-store.files.ts
const TOOL_PORT = '^src/tools/(tool|define-tool|json-shape|sample-value|tool-declaration)\\.ts$'
/** What goes over the wire. The page has its types alone: schemas are for whoever takes something in. */
const CONTRACT = '^src/http/[a-z-]*contract\\.ts$'
const PACKAGE = ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown']

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([folder, allowed]) =>
      rule(
        `${folder}-looks-inward`,
        allowed.length === 0 ? 'It may import nothing but the shared files.' : `It may import ${allowed.join(', ')} and the shared files.`,
        { path: `^src/${folder}/` },
        { path: '^src/', pathNot: [inside([folder, ...allowed]), SHARED] },
      ),
    ),
    rule(
      'every-folder-has-its-arrows',
      'A new folder gets a line in MAY_IMPORT.',
      { path: '^src/[^/]+/', pathNot: inside(EVERY_FOLDER) },
      {},
    ),
    ...Object.entries(RUNTIME_ROOMS).map(([room, allowed]) =>
      rule(
        `runtime-${room}-looks-inward`,
        allowed.length === 0
          ? 'It may import no other room of the runtime.'
          : `Of the rooms of the runtime it may import ${allowed.join(', ')}.`,
        { path: `^src/runtime/${room}/` },
        { path: '^src/runtime/[^/]+/', pathNot: `^src/runtime/${oneOf([room, ...allowed])}/` },
      ),
    ),
    rule(
      'every-room-of-the-runtime-has-its-arrows',
      'A new room gets a line in RUNTIME_ROOMS.',
      { path: '^src/runtime/[^/]+/', pathNot: `^src/runtime/${oneOf(Object.keys(RUNTIME_ROOMS))}/` },
      {},
    ),
    rule(
      'the-rooms-of-the-runtime-are-put-together-above-them',
      'runtime.ts does it; refold.ts and run-handle.ts are what users hold of it.',
      { path: '^src/runtime/[^/]+/' },
      { path: '^src/runtime/(refold|runtime|run-handle)\\.ts$' },
    ),
    rule(
      'only-the-runner-of-evals-runs',
      'Datasets, scorers, statistics and reports are made of events alone, and nothing of them can change how a run behaves.',
      { path: '^src/evals/(?!runner/)' },
      { path: ['^src/(runtime|fold)/', '^src/evals/runner/'] },
    ),
    rule(
      'shared-files-stand-alone',
      'Everybody imports them, so they import only each other.',
      { path: SHARED },
      { path: '^src/', pathNot: SHARED },
    ),
    rule(
      'only-the-composition-root-names-an-adapter',
      'src/open-refold.ts chooses them, and src/testing/ those in memory; src/index.ts offers them to users.',
      { path: '^src/', pathNot: [ROOT, API, ADAPTER, '^src/testing/'] },
      { path: ADAPTER },
    ),
    rule(
      'a-room-knows-no-other-room',
      'What two adapters of a port share lies beside the port, in src/models in wire/. Only the recorded model stands on the others.',
      { path: `${WITH_ROOMS}([^/]+)/`, pathNot: '^src/models/recorded/' },
      { path: `${WITH_ROOMS}[^/]+/`, pathNot: ['^src/$1/$2/', '^src/models/wire/'] },
    ),
    rule(
      'only-the-composition-root-names-a-tool',
      'Everybody else sees the port and looks tools up by name.',
      { path: '^src/', pathNot: [ROOT, API, '^src/tools/'] },
      { path: '^src/tools/', pathNot: TOOL_PORT },
    ),
    rule('nothing-imports-the-entry-points', 'main.ts starts a process; index.ts is for users.', { path: '^src/' }, { path: [ENTRY, API] }),
    rule(
      'only-the-edge-opens-refold',
      'Whatever lies further in is handed what it needs.',
      { path: '^src/', pathNot: [ENTRY, API, ROOT, '^src/cli/'] },
      { path: ROOT },
    ),
    rule(
      'pure-folders-do-no-io',
      'Hand in what was read; only src/hash.node.ts may compute with a core module.',
      { path: inside(PURE) },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'pure-folders-use-xstate-zod-and-acorn-only',
      'They run in a browser and in a replay of old history.',
      { path: inside(PURE) },
      { dependencyTypes: PACKAGE, pathNot: 'node_modules/(xstate|zod|acorn)/' },
    ),
    rule(
      'statechart-uses-xstate-and-acorn-only',
      'It is the one driver of XState, reads the code of charts, and knows nothing of our vocabulary.',
      { path: inside(['statechart']) },
      { dependencyTypes: PACKAGE, pathNot: 'node_modules/(xstate|acorn)/' },
    ),
    rule(
      'what-tests-use-runs-in-tests',
      'Nothing of the product stands on it.',
      { path: '^src/', pathNot: [API, '^src/testing/'] },
      { path: '^src/testing/' },
    ),
    rule(
      'the-core-only-folds',
      'src/core.ts offers what is pure, and the shared files that are.',
      { path: CORE },
      { path: '^src/', pathNot: [inside(PURE), SHARED] },
    ),
    rule(
      'the-core-runs-in-a-browser',
      'It reaches no Node module, over whatever file, and of packages only those that fold.',
      { path: CORE },
      { path: '^(?!src/|node_modules/)|node_modules/(?!(xstate|zod|@noble/hashes)/)', reachable: true },
    ),
    rule(
      'a-vendor-sdk-stays-in-models',
      'Above src/models nobody knows a vendor.',
      { path: '^src/', pathNot: '^src/models/' },
      { path: 'node_modules/(@anthropic-ai|openai)/' },
    ),
    rule(
      'the-core-reaches-no-vendor',
      'Not over a neighbour of an adapter either: import the port.',
      { path: inside([...PURE, 'runtime', 'consumers']) },
      { path: ['^(node:)?sqlite$', 'node_modules/(@anthropic-ai|openai)/'], reachable: true },
    ),
    rule(
      'src-uses-no-dev-dependency',
      'Users do not get them.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'src-imports-src-only',
      'The product does not depend on its tests, scripts or examples.',
      { path: '^src/' },
      { path: '^(page|test|servers|simulation|chaos|scripts|examples|bench)/' },
    ),
    rule(
      'the-page-folds-with-the-pure-folders',
      'It runs in a browser: beside them it has the types of what goes over the wire.',
      { path: '^page/' },
      { path: '^src/', pathNot: [inside(PURE), SHARED, CONTRACT] },
    ),
    rule(
      'the-page-has-types-of-the-contract-alone',
      'Use `import type`.',
      { path: '^page/' },
      { path: CONTRACT, dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'the-page-uses-preact-and-stores-only',
      'What is more is loaded by everybody who opens it. Markdown is fetched by whoever wants to see it.',
      { path: '^page/', pathNot: '^page/vite\\.config\\.ts$' },
      {
        dependencyTypes: PACKAGE,
        pathNot: 'node_modules/(preact|@xstate/store(-preact)?|mdast-util-from-markdown)/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule('nothing-imports-the-page', 'It is built, and served as files.', { pathNot: '^(page|scripts|test/page)/' }, { path: '^page/' }),
    rule(
      'examples-use-the-public-api',
      'What an example needs, a user needs: export it.',
      { path: '^examples/' },
      { path: '^src/', pathNot: API },
    ),
    rule(
      'properties-begin-with-one-seed',
      'test/support/fast-check.ts sets it.',
      { path: '^test/', pathNot: '^test/support/fast-check\\.ts$' },
      { path: 'node_modules/fast-check/' },
    ),
    rule('no-cycles', 'Two files that need each other are one file, or three.', {}, { circular: true }),
    rule(
      'every-import-resolves',
      'Misspelt, or not in package.json. Products that are measured beside Refold are installed elsewhere.',
      { pathNot: '^bench/peers/products/' },
      { couldNotResolve: true },
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Without `node`, so that what is imported by condition is what a browser gets.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['refold:source', 'import', 'default', 'types'] },
    cache: { folder: 'node_modules/.cache/dependency-cruiser', strategy: 'content' },
  },
}
