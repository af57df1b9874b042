/** An audit sink: posts batches of lines to an HTTP collector, which has them when it answers 2xx. Runs in `test/contracts/audit-sink.test.ts`. */
import { type AuditSinkDefinition, defineAuditSink } from '@strongroom/sdk-plugin';

interface Options {
  readonly url: string;
  readonly timeout_ms: number;
}

const httpCollector: AuditSinkDefinition<Options> = defineAuditSink<Options>({
  name: 'http-collector',
  optionsSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['url'],
    properties: {
      url: { type: 'string', pattern: '^https?://' },
      timeout_ms: { type: 'integer', minimum: 1, maximum: 60_000, default: 5000 },
    },
  },
  open: ({ url, timeout_ms: timeoutMs }) => {
    const closed = new AbortController();
    return Promise.resolve({
      append: async (lines) => {
        const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(timeoutMs)]);
        const headers = { 'content-type': 'application/x-ndjson' };
        const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(lines), redirect: 'error', signal });
        await response.arrayBuffer();
        if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      },
      // What was taken is as safe as the collector has made it.
      sync: () => Promise.resolve(),
      // It gives nothing back.
      lastLine: () => Promise.resolve(undefined),
      reopen: () => Promise.resolve(),
      close: () => {
        closed.abort();
        return Promise.resolve();
      },
    });
  },
});
export default httpCollector;
