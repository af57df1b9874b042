/** The audit sink that writes lines to standard output, for containers whose runtime collects it. */
import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { defineAuditSink, type AuditSinkDefinition } from '@strongroom/sdk-plugin';
import { stdoutSink } from './stdout-sink.ts';

const stdoutDescriptor = 1;

const stdout: AuditSinkDefinition = defineAuditSink({
  name: 'stdout',
  optionsSchema: { type: 'object', additionalProperties: false, properties: {} },
  open: () => Promise.resolve(stdoutSink({ write: writeOut, wait: (milliseconds) => wait(milliseconds) })),
});
export default stdout;

function writeOut(bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(stdoutDescriptor, bytes, from, bytes.length - from, null, (error, written) => (error ? reject(error) : resolve(written)));
  });
}
