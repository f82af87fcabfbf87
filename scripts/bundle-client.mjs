/**
 * Bundles the client of producers into one file each for ES modules and CommonJS, with
 * everything inside that is not of Node. Bundlers cannot take `ws` into an ES module,
 * because it requires modules of Node, and msgpackr looks for a native addon; a bundle
 * has static imports of Node's modules and nothing else. Needs the output of
 * `npm run build`.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { rolldown } from 'rolldown';
import { esmExternalRequirePlugin } from 'rolldown/plugins';
import { root } from './run-tools.mjs';

const millrace = join(root, 'packages', 'millrace');
const dependencies = join(root, 'packages', 'protocol', 'node_modules');
const builtins = builtinModules.flatMap((name) => [name, `node:${name}`]);

/** Addons that `ws` uses where they are installed. */
const ADDONS = ['bufferutil', 'utf-8-validate'];
const ABSENT = '\0absent';

/** Leaves native addons out. The entry of msgpackr for Node requires one, the general entry does not. */
const withoutAddons = {
  name: 'without-addons',
  resolveId(id) {
    if (ADDONS.includes(id)) {
      return ABSENT;
    }
    return id === 'msgpackr' ? join(dependencies, 'msgpackr', 'index.js') : null;
  },
  load: (id) => (id === ABSENT ? `throw new Error('left out');` : null),
};

const bundle = async (file, format) => {
  const isModule = format === 'esm';
  const build = await rolldown({
    input: join(millrace, 'dist', 'client.js'),
    platform: 'node',
    // The plugin writes static imports for the modules of Node that CommonJS requires.
    plugins: [
      withoutAddons,
      ...(isModule ? [esmExternalRequirePlugin({ external: builtins })] : []),
    ],
    ...(isModule ? {} : { external: builtins }),
  });
  await build.write({ file, format });
  await build.close();
};

/** The declarations of the client in one file, with nothing beside Node's types. */
const rollTypes = (file) => {
  const config = ExtractorConfig.prepare({
    configObject: {
      ...ExtractorConfig.loadFile(join(millrace, 'api-extractor.json')),
      projectFolder: millrace,
      mainEntryPointFilePath: join(millrace, 'dist', 'client.d.ts'),
      bundledPackages: ['@millrace/*', '@standard-schema/spec'],
      apiReport: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: file },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(millrace, 'package.json'),
  });
  const { errorCount } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (errorCount > 0) {
    throw new Error('the declarations of the client cannot be read: run `npm run build`');
  }
  return readFileSync(file, 'utf8').replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array');
};

/** The licenses of what is inside. */
const licenses = () =>
  ['ws', 'msgpackr', 'nanoid', '@standard-schema/spec']
    .map((name) => {
      const home = realpathSync(join(dependencies, name));
      const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry)) ?? 'package.json';
      return `# ${name}\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
    })
    .join('\n');

/** Writes `client.js`, `client.cjs`, their declarations and the licenses into a directory. */
export const bundleClient = async (directory) => {
  mkdirSync(directory, { recursive: true });
  await bundle(join(directory, 'client.js'), 'esm');
  await bundle(join(directory, 'client.cjs'), 'cjs');
  const rolled = join(directory, 'rolled.d.ts');
  const types = rollTypes(rolled);
  rmSync(rolled);
  writeFileSync(join(directory, 'client.d.ts'), types);
  writeFileSync(join(directory, 'client.d.cts'), types);
  writeFileSync(join(directory, 'LICENSES.md'), licenses());
};

if (process.argv[1] === import.meta.filename) {
  const [directory = join(dirname(millrace), '..', 'release', 'bundle')] = process.argv.slice(2);
  await bundleClient(directory);
}
