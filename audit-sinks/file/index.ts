/** The audit sink that appends to a file. */
import { defineAuditSink, type AuditSinkDefinition } from '@strongroom/sdk-plugin';
import { disk } from './disk.ts';
import { openFileSink } from './file-sink.ts';
import { fileSinkSchema, type FileSinkOptions } from './options.ts';

const fileSink: AuditSinkDefinition<FileSinkOptions> = defineAuditSink<FileSinkOptions>({
  name: 'file',
  optionsSchema: fileSinkSchema,
  open: (options) => openFileSink(options, { disk, now: () => Date.now() }),
});
export default fileSink;
