#!/usr/bin/env -S node --conditions=source
/** The `strongroom` command. */
import { processTerminal } from './process-terminal.ts';
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), processTerminal());
