/** `plugin build | inspect | test`: for those who write plugins, and for operators who are given one. */
import { resolve } from 'node:path';
import type { InspectedPlugin } from '../runner/plugin-check.ts';
import { type Command, localCommand } from './command.ts';
import { UsageError, type Terminal } from './terminal.ts';

const build = localCommand({ out: 'text' }, async ({ flags, rest, terminal }) => {
  const [source] = rest;
  if (source === undefined || rest.length > 1 || flags.out === undefined)
    throw new UsageError('Expected SOURCE --out FILE.wasm or FILE.mjs');
  const { buildPlugin } = await import('@strongroom/sdk-plugin/build');
  const { bytes } = await buildPlugin(source, flags.out);
  const { inspectPlugin } = await import('../runner/plugin-check.ts');
  const { sha256 } = await inspectPlugin(resolve(flags.out));
  terminal.out(`${flags.out}: ${bytes} bytes, SHA-256 ${sha256}\n`);
  return 0;
});

/** Builds a plugin: the output's name says for which room. The source may come first, as compilers have it. */
export const pluginBuild: Command = Object.assign(
  (args: readonly string[], terminal: Terminal) => build(args[0]?.startsWith('-') === false ? [...args.slice(1), args[0]] : args, terminal),
  { flags: build.flags },
);

/** Shows what a plugin asks for. */
export const pluginInspect: Command = localCommand({}, async ({ rest, terminal }) => {
  const [file] = rest;
  if (file === undefined || rest.length > 1) throw new UsageError('Expected one FILE');
  const { inspectPlugin } = await import('../runner/plugin-check.ts');
  const inspected = await inspectPlugin(resolve(file));
  const lines = [...describeFile(inspected), ...describeOutline(inspected.outline)];
  // What a plugin says of itself may hold anything: it only gets to be text.
  terminal.out(lines.map((line) => `${line.replaceAll(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, '?')}\n`).join(''));
  return 0;
});

function describeFile({ isolation, bytes, sha256, outline, sink, facts }: InspectedPlugin): readonly string[] {
  const trusted = isolation === 'thread' ? ': trusted like the server itself' : '';
  return [
    sink === undefined ? `${outline?.name ?? ''} ${outline?.version ?? ''}` : `${sink.name}, an audit sink`,
    sink === undefined ? `isolation  ${isolation}${trusted}` : 'isolation  none: it runs in the server itself',
    `file       ${bytes} bytes, SHA-256 ${sha256}`,
    ...(facts === undefined ? [] : [`imports    ${facts.imports.join(', ')}`, `memory     begins with ${facts.memoryBytes} bytes`]),
    ...(sink === undefined ? [] : [`options    ${sink.options.join(', ') || 'none'}`]),
  ];
}

function describeOutline(outline: InspectedPlugin['outline']): readonly string[] {
  if (outline === undefined) return [];
  const { routes, leases, rotations } = outline;
  const operations = Object.values(routes).flatMap((route) => Object.values(route.verbs));
  return [
    `outside    ${operations.some(({ outside }) => outside) ? 'sends HTTP requests: to the hosts that the field hosts of its config names' : 'nothing'}`,
    `leases     ${Object.keys(leases).join(', ') || 'none'}`,
    `rotations  ${Object.keys(rotations).join(', ') || 'none'}`,
    'routes',
    ...Object.values(routes).map(
      ({ template, access, verbs, summary }) =>
        `  ${template}  ${Object.keys(verbs).join(', ')}${access === 'token' ? '' : ` (${access})`}  ${summary}`,
    ),
  ];
}

/** Runs the checks that every engine must pass. */
export const pluginTest: Command = localCommand({}, async ({ rest, terminal }) => {
  const [file] = rest;
  if (file === undefined || rest.length > 1) throw new UsageError('Expected one FILE');
  const { checkPlugin } = await import('../runner/plugin-check.ts');
  const results = await checkPlugin(resolve(file));
  for (const { what, problem } of results)
    terminal.out(`${problem === undefined ? 'ok    ' : 'FAILED'} ${what}${problem === undefined ? '' : `: ${problem}`}\n`);
  return results.some(({ problem }) => problem !== undefined) ? 2 : 0;
});
