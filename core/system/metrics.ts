/** Prometheus metrics. Gauges are read when they are asked for, so that requests pay for a counter and a histogram only. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Server } from './server.ts';

/** What the listeners report. */
export interface Metrics {
  readonly registry: Registry;
  /** Notes an answered request. */
  answered(status: number, seconds: number): void;
}

/** Makes the metrics of a server. */
export function serverMetrics(server: Server): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'strongroom_requests_total',
    help: 'Answered requests by status class',
    labelNames: ['status'],
    registers,
  });
  const classes = [1, 2, 3, 4, 5].map((digit) => requests.labels({ status: `${digit}xx` }));
  const duration = new Histogram({
    name: 'strongroom_request_seconds',
    help: 'Time from the head of a request to its answer',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    const registered: Gauge = new Gauge({ name, help, registers, collect: () => registered.set(read()) });
  };
  gauge('strongroom_unsealed', '1 while unsealed', () => (server.unsealed === undefined ? 0 : 1));
  gauge('strongroom_requests_in_flight', 'Requests under way', () => server.inFlight);
  gauge('strongroom_revision', 'Head revision of the storage', () => server.unsealed?.storage.head() ?? 0);
  gauge('strongroom_cache_hits', 'Answers from the cache since unsealing', () => server.unsealed?.cache.hits ?? 0);
  gauge('strongroom_cache_misses', 'Answers not from the cache since unsealing', () => server.unsealed?.cache.misses ?? 0);
  gauge('strongroom_audit_recorded', 'Audit entries recorded since unsealing', () => server.unsealed?.audit.stats().recorded ?? 0);
  gauge('strongroom_audit_refused', 'Audit entries that no sink took', () => server.unsealed?.audit.stats().refused ?? 0);
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('process_cpu_seconds_total', 'CPU time', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const rooms = new Gauge({
    name: 'strongroom_engine_restarts',
    help: 'Restarts of engine workers',
    labelNames: ['engine'],
    registers,
    collect() {
      for (const [engine, { restarts }] of Object.entries(server.unsealed?.rooms.status() ?? {})) rooms.set({ engine }, restarts);
    },
  });
  // Without this, its labels, of which there are none, are checked each time.
  const observed = duration.labels();
  return {
    registry,
    answered: (status, seconds) => {
      classes[Math.floor(status / 100) - 1]?.inc();
      observed.observe(seconds);
    },
  };
}
