#!/usr/bin/env -S node --conditions=source
/** The `strongroom` command. */

const nodeMajorMin = 26;

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  process.stderr.write(
    `strongroom needs Node ${nodeMajorMin} or later, and this is ${process.version}: npm install node@${nodeMajorMin} puts one beside a project, where npx finds it\n`,
  );
  process.exitCode = 1;
} else {
  // What is loaded from here on need not be understood by an older Node.
  const [{ processTerminal }, { run }] = await Promise.all([import('./process-terminal.ts'), import('./run.ts')]);
  process.exitCode = await run(process.argv.slice(2), processTerminal());
}
