/** The process that makes the load: carries out one job after another. */
import { runJob } from './run-job.ts';
import type { LoadJob } from './job.ts';

process.on('message', (job: LoadJob) => {
  void runJob(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
