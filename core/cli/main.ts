#!/usr/bin/env -S node --conditions=source
import { StrongroomError } from '../errors.ts';
import { runServer } from './server.ts';
try {
  process.exitCode = await runServer(process.argv[process.argv.lastIndexOf('--config') + 1]!);
  process.exit();
} catch (e) {
  console.error(e instanceof StrongroomError ? e.message : e);
  process.exit(1);
}
