import { expect, test } from 'vitest';
import { readSteps } from './read-steps.ts';

const markdown = `
\`\`\`sh
cd a && b
curl x # … "y":1 … z …
\`\`\`

\`\`\`ts
const shown = 'for reading';
\`\`\`

\`\`\`ts title="index.ts"
const written = '\`\`\`';
\`\`\`
`;

test('what a README says to write and to run is found in order, with what it promises', () => {
  expect(readSteps(markdown)).toEqual([
    { kind: 'command', command: 'cd a && b', promised: [] },
    { kind: 'command', command: 'curl x', promised: ['"y":1', 'z'] },
    { kind: 'file', name: 'index.ts', text: "const written = '```';\n" },
  ]);
});
