/** The messages between a benchmark and the process that makes its load. */

/** Requests of one kind. They are sent in a fixed scattered order, over and over. */
export interface Stream {
  readonly name: string;
  /** The bytes of each, as latin1 text. */
  readonly requests: readonly string[];
  /** Open loop: how many fall due each second, whatever became of those before. Absent: each connection sends when it is free. */
  readonly perSecond?: number;
}

/** One run. It ends after `seconds`, or in a closed loop after `requestsMax` when that comes first. */
export interface LoadJob {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly requestsMax?: number;
  readonly streams: readonly Stream[];
  /** Say when each request was due. */
  readonly dueTimes?: boolean;
}

/** What became of a stream. Latency counts from the time due: in a closed loop, from the sending. */
export interface StreamResult {
  readonly name: string;
  readonly requests: number;
  /** Answers other than 200 and 204. */
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Of each request, if the job asks: when it was due, in milliseconds since 1970, and its latency. */
  readonly each: readonly (readonly [due: number, ms: number])[];
}

/** What became of a run. */
export interface LoadResult {
  readonly seconds: number;
  readonly streams: readonly StreamResult[];
}
