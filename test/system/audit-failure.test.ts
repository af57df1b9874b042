/** A sink that fails at any point of a request: what it answered, what it did, and what it recorded agree. */
import { describe, expect, test } from 'vitest';
import { KeptLines, startHost } from '../harness/host.ts';

/** Takes `takes` more batches, then refuses until it is mended. */
class FailingSink extends KeptLines {
  takes = Number.POSITIVE_INFINITY;
  override append(lines: Uint8Array): Promise<void> | void {
    return this.takes-- > 0 ? super.append(lines) : Promise.reject(new Error('no space'));
  }
}

async function failing(): Promise<{ sink: FailingSink; host: Awaited<ReturnType<typeof startHost>> }> {
  const sink = new FailingSink();
  return { sink, host: await startHost({ openSinks: () => Promise.resolve([{ name: 'kept', required: true, sink }]) }) };
}

describe('when the audit fails', () => {
  test('before a write, nothing is written', async () => {
    const { sink, host } = await failing();
    sink.takes = 0;
    expect((await host.send('POST', 'secret/data/x', { data: { v: 1 } })).status).toBe(500);
    sink.takes = Number.POSITIVE_INFINITY;
    expect((await host.send('GET', 'secret/data/x')).status).toBe(404);
  });

  test('after a write, it is written once, not again by a restart, and not acknowledged', async () => {
    const { sink, host } = await failing();
    await host.send('POST', 'secret/data/x', { data: { v: 1 } });
    sink.takes = 1;
    expect((await host.send('POST', 'secret/data/x', { data: { v: 2 } })).status).toBe(500);
    sink.takes = Number.POSITIVE_INFINITY;
    expect((await host.send('GET', 'secret/data/x')).json.data.metadata.version).toBe(2);
  });

  test('a read is not answered, cached or not', async () => {
    const { sink, host } = await failing();
    await host.send('POST', 'secret/data/x', { data: { v: 'seen' } });
    for (let round = 0; round < 2; round++) {
      sink.takes = 0;
      const refused = await host.send('GET', 'secret/data/x');
      expect([refused.status, refused.text.includes('seen')]).toEqual([500, false]);
      sink.takes = Number.POSITIVE_INFINITY;
      expect((await host.send('GET', 'secret/data/x')).status).toBe(200);
    }
  });

  test('a refusal is not told before it is recorded', async () => {
    const { sink, host } = await failing();
    sink.takes = 0;
    expect((await host.send('GET', 'secret/data/x', undefined, 'nobody')).status).toBe(500);
  });
});
