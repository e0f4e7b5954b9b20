'use strict'
// Asks the packages that the Serverless Framework is made of. One question a line, one answer a line.

const { createRequire } = require('module')
const path = require('path')
const load = createRequire(path.join(process.argv[2], 'package.json'))
const framework = path.dirname(load.resolve('serverless/package.json'))
const inner = createRequire(path.join(framework, 'package.json'))
const micromatch = inner('micromatch')
const search = createRequire(inner.resolve('globby'))('fast-glob/out/utils/pattern')
const packaging = Object.assign(
  {},
  inner('./lib/plugins/package/lib/package-service'),
  inner('./lib/plugins/package/lib/zip-service')
)

const MATCHING = {
  dot: true, matchBase: false, nobrace: false, nocase: false, noext: false, noglobstar: false, posix: true,
  strictSlashes: false,
}

function searching (patterns) {
  return search.expandPatternsWithBraceExpansion(patterns).map(search.removeDuplicateSlashes)
}

const answers = {
  filter: ({ pattern, paths }) => micromatch(paths, [pattern], { dot: true }),
  search: ({ pattern, paths }) => {
    const expressions = searching([pattern]).map((one) => search.makeRe(one, MATCHING))
    return paths.filter((one) => search.matchAny(one, expressions))
  },
  pattern: ({ pattern }) => ({
    expanded: searching([pattern]),
    dynamic: search.isDynamicPattern(pattern),
    hides: search.isAffectDepthOfReadingPattern(pattern),
  }),
  // The files of the service's package, of a function's, or of a layer's.
  files: async ({ root, config, functionName, layerName }) => {
    const functions = config.functions || {}
    const layers = config.layers || {}
    const service = {
      package: config.package || {},
      provider: {},
      plugins: config.plugins,
      getFunction: (name) => functions[name],
      getAllLayers: () => Object.keys(layers),
      getLayer: (name) => layers[name],
    }
    const it = Object.assign(Object.create(packaging), {
      serverless: {
        serviceDir: root,
        service,
        configurationFilename: 'serverless.yml',
        configurationInput: config,
        pluginManager: {
          parsePluginsObject: (plugins) => ({
            localPath: (plugins && plugins.localPath) || path.join(root, '.serverless_plugins'),
          }),
        },
      },
    })
    if (layerName) return it.resolveFilePathsLayer(layerName)
    return functionName ? it.resolveFilePathsFunction(functionName) : it.resolveFilePathsAll()
  },
}

const lines = require('readline').createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const question = JSON.parse(line)
  let answer
  try {
    answer = { value: await answers[question.ask](question) }
  } catch (error) {
    answer = { error: String(error && error.message) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
