/** A pino transport for people: one short line an entry. */
import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { logLineText } from '../system/log-line.ts';

/** Makes the transport. */
export default function prettyLog(): Transform {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const stream = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      done(null, lines.map(logLineText).join(''));
    },
  });
  stream.pipe(process.stdout);
  return stream;
}
