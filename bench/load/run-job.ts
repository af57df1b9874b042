/** Carries a job out. */
import type { LoadJob, LoadResult } from './job.ts';
import { Latencies } from './latencies.ts';
import { Wire } from './wire.ts';

/** How long the thread sleeps while nothing is due: precise to a tenth of a millisecond, without taking a core from the server. */
const napMs = 0.1;
/** How long an open loop may take to answer what is left at its end. */
const lateMs = 20_000;
/** Coprime to every number of requests in use, so that each is sent before any is sent again. */
const stride = 7919;

interface Lane {
  readonly requests: readonly Buffer[];
  readonly latencies: Latencies;
  readonly each: [due: number, ms: number][];
  readonly everyMs: number;
  next: number;
  refused: number;
}

/** Runs a job. @throws Error when a connection breaks, or an open loop is not done long after its end */
export async function runJob(job: LoadJob): Promise<LoadResult> {
  const lanes = job.streams.map(({ requests, perSecond }): Lane => ({
    requests: requests.map((text) => Buffer.from(text, 'latin1')),
    latencies: new Latencies(),
    each: [],
    everyMs: 1000 / (perSecond ?? 0),
    next: 0,
    refused: 0,
  }));
  const open = job.streams.some(({ perSecond }) => perSecond !== undefined);
  const ended = Promise.withResolvers<void>();
  const free: Wire[] = [];
  let onFree: (wire: Wire) => void = (wire) => void free.push(wire);
  const answered = (wire: Wire, status: number): void => {
    const lane = lanes[wire.stream]!;
    const ms = performance.now() - wire.due;
    lane.latencies.add(ms);
    if (job.dueTimes === true) lane.each.push([performance.timeOrigin + wire.due, ms]);
    if (status !== 200 && status !== 204) lane.refused++;
    onFree(wire);
  };
  const wires = await Promise.all(Array.from({ length: job.connections }, () => Wire.open(job.port, answered, ended.reject)));
  const start = performance.now();
  if (open) {
    free.push(...wires);
    openLoop(job, lanes, free, start, ended);
  } else {
    onFree = closedLoop(job, lanes[0]!, wires.length, start, ended.resolve);
    for (const wire of wires) onFree(wire);
  }
  await ended.promise;
  const seconds = (performance.now() - start) / 1000;
  for (const wire of wires) wire.close();
  return {
    seconds,
    streams: lanes.map(({ latencies, each, refused }, index) => {
      const [p50Ms = 0, p99Ms = 0, worstMs = 0] = latencies.quantiles([0.5, 0.99, 1]);
      return { name: job.streams[index]!.name, requests: latencies.count, refused, p50Ms, p99Ms, worstMs, each };
    }),
  };
}

function takeRequest(lane: Lane): Buffer {
  return lane.requests[(lane.next++ * stride) % lane.requests.length]!;
}

/** Gives what a connection does when it is free: the next request, until the run is over. */
function closedLoop(job: LoadJob, lane: Lane, wires: number, start: number, done: () => void): (wire: Wire) => void {
  const until = start + job.seconds * 1000;
  const requestsMax = job.requestsMax ?? Number.POSITIVE_INFINITY;
  let working = wires;
  return (wire) => {
    const now = performance.now();
    if (now < until && lane.next < requestsMax) wire.send(takeRequest(lane), now, 0);
    else if (--working === 0) done();
  };
}

/** Sends what is due while a connection is free; what has to wait for one is late, and that counts. */
function openLoop(job: LoadJob, lanes: readonly Lane[], free: Wire[], start: number, ended: PromiseWithResolvers<void>): void {
  const untilMs = job.seconds * 1000;
  const nap = new Int32Array(new SharedArrayBuffer(4));
  const turn = (): void => {
    const now = performance.now() - start;
    // In the order in which they fell due, so that no stream takes the connections of another.
    for (let stream = earliest(lanes); ; stream = earliest(lanes)) {
      const lane = lanes[stream]!;
      const due = dueOf(lane);
      if (due > now || due >= untilMs) break;
      // The one that was idle for longest: the server closes those that are idle for too long.
      const wire = free.shift();
      if (wire === undefined) break;
      wire.send(takeRequest(lane), start + due, stream);
    }
    if (now >= untilMs && free.length === job.connections) return ended.resolve();
    if (now > untilMs + lateMs) return ended.reject(new Error('the server fell behind: requests are still waiting long after the end'));
    Atomics.wait(nap, 0, 0, napMs);
    setImmediate(turn);
    return undefined;
  };
  turn();
}

/** When the next request of a stream is due, in milliseconds since the start. */
function dueOf(lane: Lane): number {
  return lane.next * lane.everyMs;
}

function earliest(lanes: readonly Lane[]): number {
  let first = 0;
  for (let stream = 1; stream < lanes.length; stream++) if (dueOf(lanes[stream]!) < dueOf(lanes[first]!)) first = stream;
  return first;
}
