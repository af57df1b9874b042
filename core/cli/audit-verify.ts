/** `audit verify`: checks the chain of audit files on this machine. */
import { createPublicKey } from 'node:crypto';
import { type Command, localCommand } from './command.ts';
import { UsageError } from './terminal.ts';

/** Verifies files, oldest first: exit code 0 when the chain is whole, 2 with the first bad record when it is not. */
export const auditVerify: Command = localCommand({ 'public-key': 'text' }, async ({ flags, rest, terminal }) => {
  if (rest.length === 0) throw new UsageError('Not enough arguments (expected audit files, oldest first)');
  const publicKey = flags['public-key'] === undefined ? {} : { publicKey: createPublicKey(terminal.readFile(flags['public-key'])) };
  // Loaded only here: other commands are clients of the HTTP API and need nothing of the server.
  const { verifyAuditFiles } = await import('../audit/verify.ts');
  const report = await verifyAuditFiles(rest, publicKey);
  if (!report.ok) {
    terminal.err(`${report.file}:${report.line}: ${report.what}\n`);
    return 2;
  }
  terminal.out(`Success! ${report.lines} records, ${report.first} to ${report.last}, are whole and in order.\n`);
  for (const { from, to } of report.lost)
    terminal.out(
      to < from
        ? `Zeros stand before record ${from}; no record is missing there, and the server has marked the place.\n`
        : `Records ${from} to ${to} are zeros: they were not on disk when the machine stopped, and the server has marked the place.\n`,
    );
  if (report.tornTail) terminal.out('The last file ends in a part of a record: a crash, or a server that is writing.\n');
  return 0;
});
